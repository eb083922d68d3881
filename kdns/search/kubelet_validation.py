"""What an API server refuses in a Pod's dnsPolicy and dnsConfig, and kubelet in the manifest of a static Pod.

Source: Kubernetes 1.37.2, pkg/apis/core/validation/validation.go, validateDNSPolicy and validatePodDNSConfig.
"""

import json
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

from kdns.cluster.objects import DnsConfig, Pod
from kdns.search.kubelet_entries import (
    MOST_DOMAIN,
    MOST_NAMESERVERS,
    MOST_SEARCH_LINE,
    MOST_SEARCHES,
    length,
)

_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_DOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_is_domain = re.compile(_DOMAIN).fullmatch
_leading_zeros = re.compile(r"(^|[.:])0+(?=[0-9a-fA-F])").sub


def refusals(pod: Pod, field: str = "spec") -> tuple[str, ...]:
    """Return every reason to refuse the Pod, in the API server's words; none for a Pod that it takes.

    `field` is where the Pod's spec stands: "spec.template.spec" in a Deployment.
    """
    return (*_policy(pod, f"{field}.dnsPolicy"), *_config(pod, f"{field}.dnsConfig"))


def _policy(pod: Pod, field: str) -> Iterator[str]:
    if pod.dns_policy not in _POLICIES:
        allowed = ", ".join(map(_quoted, _POLICIES))
        yield f"{field}: Unsupported value: {_quoted(pod.dns_policy)}: supported values: {allowed}"


def _config(pod: Pod, field: str) -> Iterator[str]:
    config = pod.dns_config
    if pod.dns_policy == "None" and config is None:
        yield f"{field}: Required value: must provide `dnsConfig` when `dnsPolicy` is None"
        return
    if config is None:
        return
    if pod.dns_policy == "None" and not config.nameservers:
        yield (
            f"{field}.nameservers: Required value: must provide at least one DNS nameserver "
            "when `dnsPolicy` is None"
        )
        return
    yield from _nameservers(config, f"{field}.nameservers")
    yield from _searches(config, f"{field}.searches")
    for number, (name, _) in enumerate(config.options):
        if not name:
            yield f"{field}.options[{number}]: Required value: must not be empty"


def _nameservers(config: DnsConfig, field: str) -> Iterator[str]:
    if len(config.nameservers) > MOST_NAMESERVERS:
        yield _invalid(field, config.nameservers, f"must not have more than {MOST_NAMESERVERS} nameservers")
    for number, text in enumerate(config.nameservers):
        if wrong := _wrong_address(text):
            yield _invalid(f"{field}[{number}]", text, wrong)


def _wrong_address(text: str) -> str:
    """Return what is wrong with an address, "" if nothing is. Since 1.36 the last two are refused."""
    address = _address(text)
    if address is None:
        if _address(_leading_zeros(r"\1", text)):
            return "must not have leading 0s"
        return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return "must not be an IPv4-mapped IPv6 address"
    return ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _searches(config: DnsConfig, field: str) -> Iterator[str]:
    if len(config.searches) > MOST_SEARCHES:
        yield _invalid(field, config.searches, f"must not have more than {MOST_SEARCHES} search paths")
    if length(" ".join(config.searches)) > MOST_SEARCH_LINE:
        yield _invalid(
            field,
            config.searches,
            f"must not have more than {MOST_SEARCH_LINE} characters (including spaces) in the search list",
        )
    for number, text in enumerate(config.searches):
        domain = text.removesuffix(".")
        if text != "." and length(domain) > MOST_DOMAIN:
            yield _invalid(f"{field}[{number}]", domain, f"must be no more than {MOST_DOMAIN} characters")
        if text != "." and not _is_domain(domain):
            yield _invalid(
                f"{field}[{number}]",
                domain,
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' "
                "or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
                f"used for validation is '{_DOMAIN}')",
            )


def _invalid(field: str, value: str | tuple[str, ...], why: str) -> str:
    return f"{field}: Invalid value: {_quoted(value)}: {why}"


def _quoted(value: str | tuple[str, ...]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
