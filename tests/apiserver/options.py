"""The query of a list or watch as a value: read, defaulted and validated as k8s.io/apimachinery does.

Nothing here knows the store: whether a version exists is for those who read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.apiserver.resources import Resource
from tests.apiserver.selectors import Predicate, everything, read_selectors
from tests.apiserver.statuses import bad_request, invalid

NOT_OLDER_THAN, EXACT = "NotOlderThan", "Exact"


@dataclass(frozen=True)
class ListOptions:
    """`version` is text, as only those who need its number may refuse it; `limit` 0 is none.

    `timeout` is in seconds, None for as long as it takes.
    """

    is_watch: bool
    limit: int
    token: str
    version: str
    match: str
    wants_initial: bool | None
    wants_bookmarks: bool
    timeout: int | None
    selects: Predicate

    @property
    def is_selective(self) -> bool:
        return self.selects is not everything

    @property
    def is_any_version(self) -> bool:
        return self.version in ("", "0")


def read_options(resource: Resource, query: Mapping[str, str], *, offers_watch_list: bool) -> ListOptions:
    """Read a query; raise the 400 or 422 that the server answers to one that makes no sense."""
    is_watch = _flag(query, "watch")
    initial = _flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None
    version, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    limit, timeout = _number(query, "limit"), _number(query, "timeoutSeconds")
    if is_watch and offers_watch_list and initial is None and not match and version in ("", "0"):
        initial, match = True, NOT_OLDER_THAN
    options = ListOptions(
        is_watch=is_watch,
        limit=max(limit or 0, 0),
        token=query.get("continue", ""),
        version=version,
        match=match,
        wants_initial=initial,
        wants_bookmarks=_flag(query, "allowWatchBookmarks"),
        timeout=timeout or None,
        selects=read_selectors(resource, query.get("labelSelector", ""), query.get("fieldSelector", "")),
    )
    if problems := _watch_problems(options, offers_watch_list) if is_watch else _list_problems(options):
        raise invalid(*problems)
    return options


def _flag(query: Mapping[str, str], name: str) -> bool:
    """Only `false` and `0` are false; a name without a value is true."""
    return name in query and query[name].lower() not in ("false", "0")


def _number(query: Mapping[str, str], name: str) -> int | None:
    if name not in query:
        return None
    try:
        return int(query[name])
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{query[name]}": invalid syntax') from None


Problem = tuple[str, str, str]


def _forbidden(field: str, message: str) -> Problem:
    return field, "FieldValueForbidden", f"Forbidden: {message}"


def _unsupported(value: str, *supported: str) -> Problem:
    known = ", ".join(f'"{each}"' for each in supported)
    message = f'Unsupported value: "{value}": supported values: {known}'
    return "resourceVersionMatch", "FieldValueNotSupported", message


def _list_problems(options: ListOptions) -> list[Problem]:
    problems, field, match = [], "resourceVersionMatch", options.match
    if match and not options.version:
        problems.append(_forbidden(field, f"{field} is forbidden unless resourceVersion is provided"))
    if match and options.token:
        problems.append(_forbidden(field, f"{field} is forbidden when continue is provided"))
    if match not in ("", EXACT, NOT_OLDER_THAN):
        problems.append(_unsupported(match, EXACT, NOT_OLDER_THAN, ""))
    if match == EXACT and options.version == "0":
        problems.append(_forbidden(field, f'{field} "exact" is forbidden for resourceVersion "0"'))
    if options.wants_initial is not None:
        problems.append(_forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return problems


def _watch_problems(options: ListOptions, offers_watch_list: bool) -> list[Problem]:
    problems, field, match = [], "resourceVersionMatch", options.match
    has_initial = options.wants_initial is not None
    if has_initial and match != NOT_OLDER_THAN:
        message = f"sendInitialEvents requires setting {field} to NotOlderThan"
        problems.append(_forbidden(field, message))
    if has_initial and not offers_watch_list:
        message = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        problems.append(_forbidden("sendInitialEvents", message))
    if match and not has_initial:
        message = f"{field} is forbidden for watch unless sendInitialEvents is provided"
        problems.append(_forbidden(field, message))
    if match not in ("", NOT_OLDER_THAN):
        problems.append(_unsupported(match, NOT_OLDER_THAN))
    if match and options.token:
        problems.append(_forbidden(field, f"{field} is forbidden when continue is provided"))
    return problems
