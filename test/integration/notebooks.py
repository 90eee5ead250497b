# SPDX-License-Identifier: Apache-2.0
"""Notebooks that others wrote and published, out of source distributions pinned by test/judge/notebooks.txt.

Run as a program it fetches them, for tests whose network is only loopback.
"""

import hashlib
import re
import shutil
import subprocess
import tarfile

from peer import peer_python
from product import BUILD, ROOT

IPYTHON, WIDGETS, NBCLIENT = "ipython-7.34.0/examples", "ipywidgets-7.8.5/docs/source/examples", "nbclient-0.11.0/tests/files"


def archives():
    """The pinned archives, fetched once into the build folder."""
    folder, listed = BUILD / "notebooks", ROOT / "test/judge/notebooks.txt"
    want = dict(re.findall(r"^(\S+) --hash=sha256:(\S+)$", listed.read_text(), re.M))
    paths = {folder / f"{spec.replace('==', '-')}.tar.gz": digest for spec, digest in want.items()}
    if not all(p.exists() and hashlib.sha256(p.read_bytes()).hexdigest() == digest for p, digest in paths.items()):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([peer_python(), "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "--no-input",
                        "--no-build-isolation", "--no-binary", ":all:", "--require-hashes", "-d", str(folder), "-r", str(listed)],
                       check=True, stdin=subprocess.DEVNULL, timeout=600)
    return list(paths)


def lay_out(root):
    """The folders of the notebooks as they were published; what an earlier run left in them is gone."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for path in archives():
        with tarfile.open(path) as tar:
            inside = [m for m in tar if m.isfile() and m.name.startswith((IPYTHON, WIDGETS, NBCLIENT))]
            tar.extractall(root, members=inside)


if __name__ == "__main__":
    archives()
