"""What an API server says of a dnsPolicy and a dnsConfig: the texts are those of Kubernetes 1.37.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdns.cluster.objects import DnsConfig, Pod
from kdns.search.kubelet_validation import refusals

NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_DOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
)


def pod(policy: str = "ClusterFirst", config: DnsConfig | None = None) -> Pod:
    return Pod("shop", "web", dns_policy=policy, dns_config=config)


@pytest.mark.parametrize("policy", ["ClusterFirst", "ClusterFirstWithHostNet", "Default"])
def test_a_policy_needs_no_config(policy: str) -> None:
    assert refusals(pod(policy)) == ()
    assert refusals(pod(policy, DnsConfig())) == ()


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (
            pod("Bogus"),
            'spec.dnsPolicy: Unsupported value: "Bogus": supported values: "ClusterFirstWithHostNet", '
            '"ClusterFirst", "Default", "None"',
        ),
        (
            pod("None"),
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
        ),
        (
            pod("None", DnsConfig(searches=("A",))),
            "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
            "`dnsPolicy` is None",
        ),
        (
            pod(config=DnsConfig(("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"))),
            'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not '
            "have more than 3 nameservers",
        ),
        (
            pod(config=DnsConfig(options=(("ndots", "2"), ("", "1")))),
            "spec.dnsConfig.options[1]: Required value: must not be empty",
        ),
        (
            pod(config=DnsConfig(searches=("x" * 254,))),
            f'spec.dnsConfig.searches[0]: Invalid value: "{"x" * 254}": must be no more than 253 characters',
        ),
    ],
)
def test_a_refusal_is_in_the_api_servers_words(asked: Pod, reason: str) -> None:
    assert refusals(asked) == (reason,)


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("1.1.1.1", ""),
        ("2001:DB8:0::1", ""),
        ("1.1.1", NO_ADDRESS),
        ("dns.example", NO_ADDRESS),
        ("", NO_ADDRESS),
        ("fe80::1%eth0", NO_ADDRESS),
        ("010.1.1.1", "must not have leading 0s"),
        ("::ffff:1.1.1.1", "must not be an IPv4-mapped IPv6 address"),
    ],
)
def test_nameservers_are_addresses(address: str, wrong: str) -> None:
    expected = [f'spec.dnsConfig.nameservers[0]: Invalid value: "{address}": {wrong}'] if wrong else []
    assert list(refusals(pod(config=DnsConfig((address,))))) == expected


@pytest.mark.parametrize(
    "domain", ["a", "a.example", "a.example.", ".", "_sip._udp.example", "x" * 253 + "."]
)
def test_a_domain_may_have_a_final_dot_and_underscores(domain: str) -> None:
    assert refusals(pod(config=DnsConfig(searches=(domain,)))) == ()


@pytest.mark.parametrize("domain", ["", "..", "A.example", "-a", "a-", "a..b", "a b", "a\n", "é"])
def test_a_domain_has_small_letters_and_digits(domain: str) -> None:
    (reason,) = refusals(pod(config=DnsConfig(searches=(domain,))))
    assert reason.endswith(f": {NO_DOMAIN}")


def test_the_list_of_domains_has_limits() -> None:
    assert refusals(pod(config=DnsConfig(searches=("a",) * 32))) == ()
    (many,) = refusals(pod(config=DnsConfig(searches=("a",) * 33)))
    assert many.endswith(": must not have more than 32 search paths")
    assert refusals(pod(config=DnsConfig(searches=("x" * 227,) * 8 + ("x" * 224,)))) == ()
    (long,) = refusals(pod(config=DnsConfig(searches=("x" * 227,) * 8 + ("x" * 225,))))
    assert long.endswith(": must not have more than 2048 characters (including spaces) in the search list")


def test_every_reason_is_given_with_the_field_of_the_template() -> None:
    asked = pod("Bogus", DnsConfig(("x",), ("-",), (("", None),)))
    found = refusals(asked, "spec.template.spec")
    assert [each.split(":")[0] for each in found] == [
        "spec.template.spec.dnsPolicy",
        "spec.template.spec.dnsConfig.nameservers[0]",
        "spec.template.spec.dnsConfig.searches[0]",
        "spec.template.spec.dnsConfig.options[0]",
    ]


@given(st.lists(st.text(), max_size=5), st.lists(st.text(), max_size=5), st.text())
def test_any_text_is_judged(nameservers: list[str], searches: list[str], policy: str) -> None:
    refusals(pod(policy, DnsConfig(tuple(nameservers), tuple(searches))))
