"""The commands of manifests/README.md, as they stand there."""

import re

from tests.manifests.kubectl import MANIFESTS

PAGE = (MANIFESTS / "README.md").read_text()


def blocks(heading: str, language: str = "sh") -> list[str]:
    """Return the blocks of a language below a heading, up to the next."""
    section = re.split(r"^## ", PAGE, flags=re.M)
    [found] = [each for each in section if each.startswith(heading + "\n")]
    return re.findall(rf"^```{language}\n(.*?)^```", found, re.S | re.M)


def quoted(beginning: str) -> str:
    """Return the only command between backticks that begins so."""
    [found] = re.findall(rf"`({re.escape(beginning)}[^`]*)`", PAGE)
    return str(found)
