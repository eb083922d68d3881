"""docs/architecture.md has a row for each room of the code."""

from tests.docs.pages import ROOT, page


def test_every_room_has_a_row() -> None:
    rows = [cells[0].strip("`") for cells in page("docs/architecture.md").rows("The rooms")]
    rooms = [f"kdns/{path.parent.name}" for path in (ROOT / "kdns").glob("*/__init__.py")]
    assert sorted(rows) == sorted([*rooms, "kdns/measures.py"])
