"""The log files of a data folder, read on from where the last look ended."""

from collections.abc import Iterator, Mapping
from pathlib import Path

NODE = "node"


def log_files(folder: Path) -> Mapping[str, Path]:
    """By the name of function, store or Job; `node` is the node's own. Older files (`.1.log`) are left out."""
    found = {path.stem: path for path in sorted((folder / "logs").glob("*.log")) if not path.stem.endswith(".1")}
    node = folder / "node.log"
    return found | ({NODE: node} if node.is_file() else {})


class Follower:
    """Gives each line once, with the name of its file; a line is given when it is complete."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._positions: dict[Path, int] = {}
        self._open_lines: dict[Path, bytes] = {}

    def skip(self) -> None:
        """Leave out everything that is written already."""
        self._positions = {path: path.stat().st_size for path in log_files(self._folder).values()}

    def lines(self) -> Iterator[tuple[str, str]]:
        for name, path in log_files(self._folder).items():
            for line in self._fresh(path):
                yield name, line.decode(errors="replace").rstrip()

    def _fresh(self, path: Path) -> list[bytes]:
        with path.open("rb") as log:
            position = self._positions.get(path, 0)
            if position > path.stat().st_size:  # begun anew
                position, self._open_lines[path] = 0, b""
            log.seek(position)
            text = self._open_lines.get(path, b"") + log.read()
            self._positions[path] = log.tell()
        *complete, self._open_lines[path] = text.split(b"\n")
        return complete
