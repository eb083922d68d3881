"""docs/demo.svg shows what the demo prints today."""

import re
from xml.etree import ElementTree

from tests.conftest import find_tool
from tests.docs.pages import page
from tests.docs.terminal import PICTURE, TITLE, drawn, lines

SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_shows_what_the_demo_prints() -> None:
    assert PICTURE.read_text() == drawn(lines(find_tool("dig"))), (
        "python -m tests.docs.terminal draws it anew"
    )


def test_the_picture_says_in_words_what_it_shows() -> None:
    picture = ElementTree.parse(PICTURE).getroot()
    assert picture.get("role") == "img"
    assert [each.text for each in picture.iter(f"{SVG}title")] == [TITLE]
    assert re.search(r"!\[.{20,}\]\(docs/demo\.svg\)", page("README.md").text), "and so does the README"


def test_nothing_in_the_picture_is_cut_off() -> None:
    picture = ElementTree.fromstring(drawn(["$ x & y < z", "", "w" * 100]))
    _, _, width, height = map(float, str(picture.get("viewBox")).split())
    texts = list(picture.iter(f"{SVG}text"))
    assert [each.text for each in texts] == ["$ x & y < z", "w" * 100]
    assert width > 100 * 8 and all(float(str(each.get("y"))) < height for each in texts)
