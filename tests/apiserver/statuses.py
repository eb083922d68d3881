"""What the API server says when it refuses, word for word as k8s.io/apiserver 1.35 does.

Every error is an `ApiError` that holds its whole response; which one applies is decided elsewhere.
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.apiserver.resources import Object, Target

JSON, TEXT, HTML = "application/json", "text/plain; charset=utf-8", "text/html"


class ApiError(Exception):
    """A refusal: code, body, content type and `retry_after` in seconds (None: no such header)."""

    def __init__(
        self, code: int, body: Object | str, content_type: str = JSON, retry_after: int | None = None
    ) -> None:
        super().__init__(f"{code} {body}")
        self.code = code
        self.status = body if isinstance(body, dict) else {}
        self.body = body if isinstance(body, str) else json.dumps(body, separators=(",", ":")) + "\n"
        self.content_type = content_type
        self.retry_after = retry_after


def status(code: int, reason: str, message: str, details: Object | None = None, **metadata: str) -> Object:
    """Return a Status object; an empty reason is left out, as the server does."""
    body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure"}
    body |= {"message": message} | ({"reason": reason} if reason else {})
    return body | ({"details": details} if details is not None else {}) | {"code": code}


def bad_request(message: str) -> ApiError:
    return ApiError(400, status(400, "BadRequest", message))


def unauthorized() -> ApiError:
    return ApiError(401, status(401, "Unauthorized", "Unauthorized"))


def forbidden(user: str, verb: str, target: Target) -> ApiError:
    resource = target.resource
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    what = f'{resource.qualified} "{target.name}"' if target.name else resource.qualified
    message = (
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource.plural}" '
        f'in API group "{resource.group}" {where}'
    )
    return ApiError(403, status(403, "Forbidden", message, _named(target)))


def no_such_path() -> ApiError:
    return ApiError(404, status(404, "NotFound", "the server could not find the requested resource", {}))


def not_found(target: Target) -> ApiError:
    message = f'{target.resource.qualified} "{target.name}" not found'
    return ApiError(404, status(404, "NotFound", message, _named(target)))


def not_acceptable(*, has_streams: bool) -> ApiError:
    offered = [JSON, "application/yaml", "application/vnd.kubernetes.protobuf"]
    streams = [f"{JSON};stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"]
    known = ", ".join(offered + streams * has_streams)
    message = f"406: Not Acceptable\n\nAvailable representations: {known}"
    return ApiError(406, status(406, "NotAcceptable", message, {}))


def wrong_shape(shape: str, kind: str) -> ApiError:
    is_list = "a list" if kind.endswith("List") else "not a list"
    message = f"you requested {shape}, but the requested object is {is_list} (*v1.{kind})"
    return ApiError(406, status(406, "NotAcceptable", message))


def invalid(*causes: tuple[str, str, str]) -> ApiError:
    """Refuse list options; a cause is the field, the reason and the message, which starts with its kind."""
    texts = [f"{field}: {message}" for field, _, message in causes]
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = {
        "group": "meta.k8s.io",
        "kind": "ListOptions",
        "causes": [
            {"reason": reason, "message": message, "field": field} for field, reason, message in causes
        ],
    }
    message = f'ListOptions.meta.k8s.io "" is invalid: {joined}'
    return ApiError(422, status(422, "Invalid", message, details))


def too_large_version(version: int, current: int) -> ApiError:
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    body = status(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})
    return ApiError(504, body, retry_after=1)


def expired_page(token: str) -> ApiError:
    """Refuse a continue token; the given one reads the rest as it is now."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new "
        "list without the continue parameter, or use the continue token in this response to retrieve the "
        "remainder of the results. Continuing with the provided token results in an inconsistent list - "
        "objects that were created, modified, or deleted between the time the first chunk was returned and "
        "now may show up in the list."
    )
    return ApiError(410, status(410, "Expired", message) | {"metadata": {"continue": token}})


def expired_list() -> ApiError:
    return ApiError(410, status(410, "Expired", "The resourceVersion for the provided list is too old."))


def expired_watch(version: int, oldest: int) -> ApiError:
    return ApiError(410, status(410, "Expired", f"too old resource version: {version} ({oldest})"))


def _internal() -> ApiError:
    message = "etcdserver: request timed out"
    details = {"causes": [{"message": message}]}
    return ApiError(500, status(500, "InternalError", f"Internal error occurred: {message}", details))


def _unavailable() -> ApiError:
    return ApiError(503, status(503, "ServiceUnavailable", "apiserver is shutting down"), retry_after=1)


def _out_of_time() -> ApiError:
    """Return what a handler that took a minute ends with: JSON as text, without its kind."""
    body = {
        "metadata": {},
        "status": "Failure",
        "message": "Timeout: request did not complete within the allotted timeout",
        "reason": "Timeout",
        "details": {},
        "code": 504,
    }
    return ApiError(504, json.dumps(body, separators=(",", ":")), TEXT)


USUAL: Mapping[int, Any] = {
    400: lambda: bad_request("the server rejected our request for an unknown reason"),
    401: unauthorized,
    404: no_such_path,
    410: expired_list,
    429: lambda: ApiError(429, "Too many requests, please try again later.\n", TEXT, retry_after=1),
    500: _internal,
    503: _unavailable,
    504: _out_of_time,
}
"""The response that a code usually comes with."""


def usual(code: int, target: Target) -> ApiError:
    if code == 403:
        return forbidden("kdns", "list", target)
    if code in USUAL:
        error: ApiError = USUAL[code]()
        return error
    return ApiError(code, status(code, "", f"the server answered {code}"))


def _named(target: Target) -> Object:
    resource = target.resource
    named = {"name": target.name} if target.name else {}
    return named | ({"group": resource.group} if resource.group else {}) | {"kind": resource.plural}
