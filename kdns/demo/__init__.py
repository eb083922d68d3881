"""The example cluster that `kdns serve --demo` answers for: manifests, to be read and to be edited.

Nothing but files and the path to them: they are read as anybody's manifests are.
"""

from pathlib import Path

DEMO_PATH = Path(__file__).parent
"""The folder of the manifests."""
