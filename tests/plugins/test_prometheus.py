"""`prometheus`: its options and its page."""

import pytest

from kdns.answering.plugin import Address
from kdns.plugins.prometheus import Prometheus
from tests.plugins.lent import FakeProcess, lent, refusal


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("prometheus", ("localhost", 9153)),
        ("prometheus :9153", ("", 9153)),
        ("prometheus 127.0.0.1:9253 { }", ("127.0.0.1", 9253)),
    ],
)
def test_it_serves_the_metrics_of_the_process(text: str, address: Address) -> None:
    process = FakeProcess()
    pages = lent(Prometheus, text, process).pages()
    assert list(pages) == [address]
    assert {path: page() for path, page in pages[address].items()} == {"/metrics": process.metrics()}


NOT_HERE = "an option that kdns does not have, expected no options: take it out"
REFUSED = [
    (
        "prometheus 9153",
        "2:12: found '9153', expected an address and a port such as :8080, 127.0.0.1:8080 or [::1]:8080; "
        "did you mean ':9153'?",
    ),
    ("prometheus :1 :2", "2:15: found 2 arguments of 'prometheus', expected at most 1"),
    (
        "prometheus\nprometheus :1",
        "3:1: found a second 'prometheus', expected one in a server block, that at Corefile:2:1",
    ),
    ("prometheus {\npath /m\n}", "3:1: found 'path', expected a property of 'prometheus'"),
    ("prometheus {\nruntime_metrics\n}", f"3:1: found 'runtime_metrics', {NOT_HERE}"),
    ("prometheus {\ntls web.yml\n}", f"3:1: found 'tls', {NOT_HERE}"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_coredns_refuses_is_refused_and_what_is_not_here(text: str, message: str) -> None:
    assert refusal(Prometheus, text) == message
