"""LIST and GET over the store: which version is read, what a page holds, how the next one is named.

Options in, an object to send out, or an ApiError; a continue token is the real one's, readable for a person.
"""

import base64
import json

from tests.apiserver.options import EXACT, ListOptions
from tests.apiserver.resources import Object, Target
from tests.apiserver.shapes import PARTIAL, PARTIAL_LIST, list_of, shaped
from tests.apiserver.statuses import (
    bad_request,
    expired_list,
    expired_page,
    not_found,
    too_large_version,
    wrong_shape,
)
from tests.apiserver.store import Key, Store

_INCONSISTENT = -1
"""The version in the token of a page that is read as things are by then."""


def get_object(store: Store, target: Target, shape: str) -> Object:
    """Return the object that answers a request for one."""
    key = ("", target.namespace or target.name) if not target.resource.is_namespaced else target[1:]
    found = store.objects(target.resource).get(key)
    if found is None:
        raise not_found(target)
    if shape == PARTIAL_LIST:
        raise wrong_shape(shape, target.resource.kind)
    return shaped(found, shape)


def list_objects(store: Store, target: Target, options: ListOptions, shape: str) -> Object:
    """Return the list that answers a request.

    A limit counts, unless resourceVersion is "0". Pages of one token show the version of the first.
    """
    if shape == PARTIAL:
        raise wrong_shape(shape, f"{target.resource.kind}List")
    version, start = _starting_point(store, options)
    found = store.objects(target.resource, version)
    names = sorted((path, key) for key in found if _is_in(target, key) and (path := _path(key)) >= start)
    chosen = [(path, found[key]) for path, key in names if options.selects(found[key])]
    limit = 0 if options.version == "0" else options.limit
    metadata: Object = {"resourceVersion": str(version)}
    if limit and len(chosen) > limit:
        metadata["continue"] = _token(version, chosen[limit - 1][0] + "\0")
        if not options.is_selective:
            metadata["remainingItemCount"] = len(chosen) - limit
    return list_of(target.resource, shape, [obj for _, obj in chosen[: limit or None]], metadata)


def _starting_point(store: Store, options: ListOptions) -> tuple[int, str]:
    """Return the version to read and the path to begin at."""
    if options.token:
        return _resume(store, options)
    if options.is_any_version:
        return store.version, ""
    version = read_version(options.version)
    if version > store.version:
        raise too_large_version(version, store.version)
    if options.match != EXACT and (options.match or not options.limit):
        return store.version, ""
    if version < store.compacted:
        raise expired_list()
    return version, ""


def read_version(text: str) -> int:
    if not text.isdecimal():
        message = (
            f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        )
        raise bad_request(f"invalid resource version: {message}")
    return int(text)


def _resume(store: Store, options: ListOptions) -> tuple[int, str]:
    version, start = _read_token(options.token)
    if not options.is_any_version:
        raise bad_request("specifying resource version is not allowed when using continue")
    if version == _INCONSISTENT:
        return store.version, start
    if version < store.compacted:
        raise expired_page(_token(_INCONSISTENT, start))
    return version, start


def _is_in(target: Target, key: Key) -> bool:
    return not target.namespace or key[0] == target.namespace


def _path(key: Key) -> str:
    """Return the key by which etcd orders: `a-b/x` comes before `a/x`."""
    return "/".join(filter(None, key))


def _token(version: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": f"/{start}"}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, str]:
    try:
        tree = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True))
        return int(tree["rv"]), str(tree["start"]).removeprefix("/")
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
