"""What the plugins' pages show as a Corefile is one."""

import re
from pathlib import Path

import pytest

from kdns.app import check
from kdns.corefile.parsing import parse_corefile

PAGES = Path(__file__).parents[2] / "docs" / "plugins"

BLOCKS = [
    pytest.param(block, id=f"{path.stem}-{number}")
    for path in sorted(PAGES.glob("*.md"))
    for number, block in enumerate(re.findall(r"^```corefile\n(.*?)^```", path.read_text(), re.S | re.M), 1)
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_corefile_in_a_page_passes_the_check(block: str) -> None:
    assert check(parse_corefile(block, "Corefile", {})) == []
