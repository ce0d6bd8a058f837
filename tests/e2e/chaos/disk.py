"""A disk that can be filled: a tmpfs mounted over a member's folder, with what was in it.

Rules that hold here: mounting needs root; where that is missing the case is skipped aloud. What the folder
holds outlives the disk.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

MEGABYTES = 64
CHUNK = 1 << 12


class SmallDisk:
    """The disk under a folder, whose process must not run when it comes or goes."""

    def __init__(self, folder: Path) -> None:
        """Skips the test where nothing can be mounted."""
        self._folder, self._aside = folder, folder.with_name(folder.name + ".aside")
        self._filler = folder / "filler"
        folder.rename(self._aside)
        folder.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m,mode=700", "none", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            folder.rmdir()
            self._aside.rename(folder)
            pytest.skip(f"no disk can be mounted here ({done.stderr.strip()}): run as root")
        shutil.copytree(self._aside, folder, dirs_exist_ok=True)

    def fill(self) -> None:
        """Until not a byte more can be written."""
        with self._filler.open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"\1" * CHUNK)
            except OSError:
                return

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

    def remove(self) -> None:
        """Put the folder back on the disk that it came from."""
        shutil.rmtree(self._aside)
        shutil.copytree(self._folder, self._aside)
        subprocess.run(["umount", "-l", str(self._folder)], check=True)
        self._folder.rmdir()
        self._aside.rename(self._folder)
