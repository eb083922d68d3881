"""docs/migration.md says of every plugin, refusal, flag and variable what the code says."""

import subprocess

import pytest

from kdns.app import check
from kdns.cli.coredns import OWN_FLAGS
from kdns.cli.objects import ENVIRONMENT
from kdns.corefile.parsing import parse_corefile
from kdns.plugins.registry import ORDER, SHIPPED
from tests.docs.pages import ROOT, page

PAGE = page("docs/migration.md")
PLUGINS = {name.strip("`"): (has, text) for name, has, text in PAGE.rows("Plugin by plugin")}
SCHEMES = ("tls", "https", "https3", "quic", "grpc")
ACTIONS = (
    "range .Match",
    r"define \"x\"",
    r"block \"x\" .",
    "call .Name",
    "html .Name",
    "js .Name",
    "urlquery .Name",
)


def in_template(text: str) -> str:
    return f'template IN A {{\n answer "{text}"\n }}'


REFUSED = {
    "zones over `tls://`, `https://`, `https3://`, `quic://`, `grpc://`": [],
    "`kubernetes`: `multicluster`": ["kubernetes cluster.local {\n multicluster clusterset.local\n }"],
    "`kubernetes`: `zonal`": ["kubernetes cluster.local {\n zonal\n }"],
    "`forward`: an upstream `https://…`": ["forward . https://192.0.2.1"],
    "`forward`: a host name as upstream": ["forward . dns.example.org"],
    "`forward`: `resolver`, `doh_method`": [
        "forward . 192.0.2.1 {\n resolver 192.0.2.2\n }",
        "forward . 192.0.2.1 {\n doh_method GET\n }",
    ],
    "`prometheus`: `runtime_metrics`, `tls`": [
        "prometheus {\n runtime_metrics\n }",
        "prometheus {\n tls a b\n }",
    ],
    "`template`: `var`, `expr`": [
        "template IN A {\n var x y\n }",
        "template IN A {\n expr true\n }",
    ],
    "`template`: `range`, `define`, `block`, `call`, `html`, `js`, `urlquery` in a text": [
        in_template(f"{{{{ {action} }}}}") for action in ACTIONS
    ],
    "`template`: fields of `.Message` such as `.Message.Answer`": [in_template("{{ .Message.Answer }}")],
    "`template`: an `rcode` above 15, such as BADSIG": ["template IN A {\n rcode BADSIG\n }"],
    "`rewrite edns0 local`: `{server_ip}`, `{server_port}`, `{plugin/label}`": [
        f"rewrite edns0 local set 65001 {variable}"
        for variable in ("{server_ip}", "{server_port}", "{kubernetes/kind}")
    ],
    "`rewrite rcode`: one above 15 to answer with, such as BADSIG": ["rewrite rcode a. NOERROR BADSIG"],
}
"""What the page says is refused → directives that are."""


def problems(text: str) -> list[str]:
    return [str(problem) for problem in check(parse_corefile(text, "Corefile", {}))]


def test_every_plugin_of_coredns_has_a_row_in_the_order_of_the_chain() -> None:
    assert tuple(PLUGINS) == ORDER


@pytest.mark.parametrize("name", ORDER)
def test_a_row_says_whether_kdns_has_the_plugin(name: str) -> None:
    has, text = PLUGINS[name]
    assert has == ("yes" if name in SHIPPED else "no")
    assert text or has == "yes", "and what to do instead"
    if (ROOT / "docs" / "plugins" / f"{name}.md").exists():
        assert f"(plugins/{name}.md)" in text, "a link to its page"


def test_every_refusal_of_the_page_is_tried_here() -> None:
    assert [row[0] for row in PAGE.rows("What kdns refuses")] == list(REFUSED)


@pytest.mark.parametrize("directive", [each for found in REFUSED.values() for each in found])
def test_what_the_page_says_is_refused_is(directive: str) -> None:
    [problem] = problems(f". {{\n {directive}\n}}")
    assert any(text in problem for text in ("kdns does not", "not looked up yet")), problem


@pytest.mark.parametrize("scheme", SCHEMES)
def test_zones_over_other_transports_are_refused(scheme: str) -> None:
    [problem] = problems(f"{scheme}://. {{\n whoami\n}}")
    assert "for which kdns has no server yet" in problem


@pytest.mark.parametrize("name", [name for name in ORDER if name not in SHIPPED])
def test_a_plugin_that_is_not_there_is_refused_by_its_name(name: str) -> None:
    [problem] = problems(f". {{\n {name}\n}}")
    assert f"the plugin '{name}', which kdns does not have yet" in problem


def test_flags_and_variables_are_those_that_there_are() -> None:
    rows = PAGE.rows("Command line and environment")
    flags = [row[0].strip("`").split()[0].lstrip("-") for row in rows if row[0]]
    variables = [row[1].strip("`") for row in rows]
    assert sorted(flags) == sorted(flag.name for flag in OWN_FLAGS)
    assert sorted(variables) == sorted([*ENVIRONMENT, "KDNS_AUTOPATH_CNAME"])


def test_the_copy_for_the_desk_keeps_out_of_the_way() -> None:
    """The page's sed command, on kubeadm's Corefile."""
    [line] = [
        line for block in PAGE.blocks("sh") for line in block.text.splitlines() if line.startswith("sed ")
    ]
    corefile = (ROOT / "tests" / "corefiles" / "kubeadm" / "Corefile").read_text()
    command, _, _ = line.removeprefix("sed '").partition("' Corefile >")
    copied = subprocess.run(["sed", command], input=corefile, capture_output=True, text=True, check=True)
    assert problems(copied.stdout) == []
    for text in (
        ".:1053 {",
        "health localhost:8081 {",
        "ready localhost:8182\n",
        "prometheus localhost:9154\n",
    ):
        assert text in copied.stdout
