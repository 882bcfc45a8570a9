"""Reads new lines of all log files of a data folder."""

from collections.abc import Iterator, Mapping
from pathlib import Path

NODE_LOG = "node"


def log_files(folder: Path) -> Mapping[str, Path]:
    """Log files by name of function, store or Job, and `node`; rotated files (`.1.log`) are excluded."""
    files = {path.stem: path for path in sorted((folder / "logs").glob("*.log")) if not path.stem.endswith(".1")}
    node = folder / "node.log"
    return files | ({NODE_LOG: node} if node.is_file() else {})


class LogFollower:
    """Returns each complete line once, with the name of its log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._positions: dict[Path, int] = {}
        self._open_lines: dict[Path, bytes] = {}

    def skip_existing(self) -> None:
        """Skip all lines that exist now."""
        self._positions = {path: path.stat().st_size for path in log_files(self._folder).values()}

    def new_lines(self) -> Iterator[tuple[str, str]]:
        for name, path in log_files(self._folder).items():
            for line in self._read_new(path):
                yield name, line.decode(errors="replace").rstrip()

    def _read_new(self, path: Path) -> list[bytes]:
        with path.open("rb") as log:
            position = self._positions.get(path, 0)
            if position > path.stat().st_size:  # the file was replaced
                position, self._open_lines[path] = 0, b""
            log.seek(position)
            text = self._open_lines.get(path, b"") + log.read()
            self._positions[path] = log.tell()
        *complete, self._open_lines[path] = text.split(b"\n")
        return complete
