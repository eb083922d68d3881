"""What pages show is so: links lead somewhere, Corefiles, YAML and JSON can be read, commands are kdns's."""

import contextlib
import json
import re
from collections.abc import Sequence
from urllib.parse import unquote

import pytest
import yaml

from kdns.app import check
from kdns.cli import _parser
from kdns.cli.coredns import FLAGS, OWN_FLAGS
from kdns.cli.goflags import HelpWanted, parse
from kdns.corefile.parsing import parse_corefile
from tests.docs.pages import ROOT, Block, Page, commands, page, pages

PAGES = pages()
EACH_PAGE = pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)


def blocks(*languages: str) -> list[object]:
    """Return the blocks of these languages in all pages, as parameters."""
    return [
        pytest.param(block, id=f"{each.name}:{block.line}")
        for each in PAGES
        for block in each.blocks(*languages)
    ]


def broken(each: Page) -> list[str]:
    """Return the links of a page that lead nowhere in the repository."""
    inner = [link for link in each.links() if not link.startswith("https://")]
    return [link for link in inner if not leads_somewhere(each, link)]


def leads_somewhere(each: Page, link: str) -> bool:
    path, _, fragment = unquote(link).partition("#")
    target = (each.path.parent / path).resolve() if path else each.path
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not fragment or (target.suffix == ".md" and fragment in Page(target).anchors())


@EACH_PAGE
def test_links_lead_somewhere(each: Page) -> None:
    assert broken(each) == []


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("docs/metrics.md", False),
        ("docs/metrics.md#what-is-missing", False),
        ("docs/metrics.md#what-is-there", True),
        ("#first-questions", False),
        ("#last-questions", True),
        ("docs/plugins", False),
        ("docs/nothing.md", True),
        ("../outside.md", True),
        ("http://example.org/", True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, is_broken: bool) -> None:
    each = page("README.md")
    assert (not leads_somewhere(each, link)) == is_broken


@pytest.mark.parametrize("block", blocks("corefile"))
def test_a_corefile_in_a_page_passes_the_check(block: Block) -> None:
    assert check(parse_corefile(block.text, "Corefile", {})) == []


@pytest.mark.parametrize("block", blocks("yaml"))
def test_yaml_in_a_page_can_be_read(block: Block) -> None:
    assert list(yaml.safe_load_all(block.text))


@pytest.mark.parametrize("block", blocks("json"))
def test_json_in_a_page_can_be_read(block: Block) -> None:
    assert json.loads(block.text)


def understand(words: Sequence[str]) -> None:
    """Parse a command line as kdns does. Raises FlagError, or SystemExit, for one that it does not know."""
    if words and not words[0].startswith("-"):
        with contextlib.suppress(KeyError):
            _parser().parse_args(words)
    else:
        with contextlib.suppress(HelpWanted):
            assert not parse(words, (*FLAGS, *OWN_FLAGS)).rest


CALLS = [
    pytest.param(words, id=f"{each.name}:{block.line}-{number}")
    for each in PAGES
    for block in each.blocks("console", "sh")
    for number, words in enumerate(commands(block), 1)
]


@pytest.mark.parametrize("words", CALLS)
def test_kdns_understands_its_commands(words: list[str]) -> None:
    understand(words)


@pytest.mark.parametrize("words", [["serve", "--nothing"], ["nothing"], ["-nothing"], ["-conf", "a", "b"]])
def test_a_command_that_is_none_is_found(words: list[str]) -> None:
    with pytest.raises((SystemExit, Exception)):
        understand(words)


def mentions(each: Page) -> set[tuple[str, str]]:
    """Return each command that a page names in its text, with each option that it names beside it."""
    found: set[tuple[str, str]] = set()
    for text in each.code():
        if words := re.match(r"kdns ([a-z]+)\b(.*)", text):
            found |= {(words[1], option) for option in ("", *re.findall(r"--[a-z-]+", words[2]))}
    return found


@EACH_PAGE
def test_commands_and_options_that_the_text_names_exist(
    each: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, option in sorted(mentions(each)):
        with pytest.raises(SystemExit) as ended:
            _parser().parse_args([command, "--help"])
        assert ended.value.code == 0, f"kdns {command}"
        assert re.search(rf"{option}\b", capsys.readouterr().out), f"kdns {command} {option}"


def test_pages_are_found_where_they_are() -> None:
    names = {each.name for each in PAGES}
    assert {"README.md", "docs/metrics.md", "docs/plugins/acl.md", "zonefiles/README.md"} <= names
    assert len(CALLS) > 10


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("$ kdns check -\nfound nothing\n", [["check", "-"]]),
        ("$ kubectl get x | kdns check - >out\n$ cd x && .venv/bin/kdns\n", [["check", "-"], []]),
        ("$ .venv/bin/kdns serve \\\n    --demo  # as a start\n", [["serve", "--demo"]]),
        ("$ dig @kdns example.org\n", []),
        ("$ kubectl exec coredns-0 -- kdns query a.example\n", [["query", "a.example"]]),
    ],
)
def test_commands_are_found_in_a_block(text: str, calls: list[list[str]]) -> None:
    assert list(commands(Block(1, "console", text))) == calls


def test_rows_are_those_of_the_tables_below_a_heading() -> None:
    rows = page("docs/metrics.md").rows("The process")
    assert rows[0][:2] == ["`coredns_build_info`", "gauge"]
    assert all(len(cells) == 4 for cells in rows)
