# SPDX-License-Identifier: Apache-2.0
"""Notebooks that nobody wrote for this project: scikit-learn's own examples, from Debian's python-sklearn-doc."""

import gzip
import subprocess
import tarfile

import pytest

from product import BUILD, Jupyter, text_of

NOTEBOOKS = ["plot_pcr_vs_pls.ipynb", "plot_kmeans_digits.ipynb", "plot_forest_importances.ipynb"]


@pytest.fixture(scope="module")
def examples():
    cache = BUILD / "downloads"
    cache.mkdir(parents=True, exist_ok=True)
    if not list(cache.glob("python-sklearn-doc_*.deb")):
        r = subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", "python-sklearn-doc"],
                           cwd=cache, capture_output=True, text=True)
        if r.returncode:
            pytest.skip(f"python-sklearn-doc can't be downloaded: {r.stderr[-200:]}")
    deb = next(cache.glob("python-sklearn-doc_*.deb"))
    found = {}
    tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=tar.stdout, mode="r|") as t:
        for member in t:
            name = member.name.rsplit("/", 1)[-1].removesuffix(".gz")
            if name in NOTEBOOKS and member.isfile():
                data = t.extractfile(member).read()
                found[name] = gzip.decompress(data) if member.name.endswith(".gz") else data
    tar.wait()
    assert len(found) == len(NOTEBOOKS)
    return found


@pytest.fixture(scope="module")
def lab(api):
    ws = api.workspace("real-notebooks", instance_type="medium")
    return Jupyter(api.start(ws)["program_url"], api.token)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_foreign_notebook_runs_top_to_bottom(lab, examples, name):
    lab.put_file(name, examples[name])
    model = lab.call("GET", f"/api/contents/{name}?content=1", 200).json()
    assert model["type"] == "notebook"
    k = lab.kernel(path=name)
    pictures = 0
    for cell in model["content"]["cells"]:
        if cell["cell_type"] != "code":
            continue
        out, reply = k.run(cell["source"], 180)
        assert reply["content"]["status"] == "ok", (cell["source"], text_of(out))
        pictures += sum("image/png" in m["content"].get("data", {}) for m in out)
    assert pictures, "a plot was expected"
    k.close()
    lab.call("DELETE", f"/api/kernels/{k.id}", 204)
