"""Where the zones lie that come with kdns: those every resolver should answer itself (zonefiles/README.md).

Paths only; what is in the files is read by `kdns.zones.masterfile`.
"""

from collections.abc import Sequence
from pathlib import Path

PLACES = (
    Path(__file__).parents[1] / "zonefiles",  # in an installed wheel
    Path(__file__).parents[2] / "zonefiles",  # in a checkout
)


def shipped_zone_paths(default_only: bool = True, places: Sequence[Path] = PLACES) -> list[Path]:
    """Return the master files that come with kdns, sorted: those loaded by default, or all of them.

    Each is named after its origin: `localhost.zone`. Raises FileNotFoundError if the data are not there.
    """
    for place in places:
        if (place / "default").is_dir():
            return sorted(place.glob("default/*.zone" if default_only else "*/*.zone"))
    searched = " or ".join(map(str, places))
    raise FileNotFoundError(f"the zone files that come with kdns are missing: neither {searched} is there")
