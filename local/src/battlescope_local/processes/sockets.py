"""Unix sockets of functions and stores: a folder that only the user of the node can enter."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

# The kernel limits the path of a socket to 107 bytes (103 on macOS); the name of the file needs up to 40 of them.
MAX_FOLDER_BYTES: Final = 60


def prepare_socket_folder(data: Path) -> Path:
    """Create the empty folder for sockets beside `data`: in it or, if its path is too long, in /tmp.

    Raises:
        PermissionError: the folder belongs to another user.
    """
    folder = data.absolute() / "sockets"
    if len(os.fsencode(folder)) > MAX_FOLDER_BYTES:
        folder = Path(tempfile.gettempdir()) / f"battlescope-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        message = f"{folder} belongs to another user; remove it, or choose another folder with --data."
        raise PermissionError(message)
    folder.chmod(0o700)
    for left_over in folder.glob("*.sock"):
        left_over.unlink()
    return folder
