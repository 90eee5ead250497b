# SPDX-License-Identifier: Apache-2.0
"""The desk of the IDE's scenes: an agent by itself with the files of the design reference."""

import base64
import json
from pathlib import Path

from kernelsocket import Agent, Socket
from product import BUILD

TABLE = """<table border="1" class="dataframe"><thead><tr><th></th><th>gauge</th><th>q_obs</th><th>q_p50</th><th>q_p90</th><th>skill</th></tr></thead><tbody>
<tr><th>0</th><td>Dresden</td><td>182.4</td><td>196.1</td><td>238.7</td><td>0.91</td></tr><tr><th>1</th><td>Schöna</td><td>171.0</td><td>180.3</td><td>221.9</td><td>0.90</td></tr>
<tr><th>2</th><td>Pirna</td><td>176.8</td><td>188.8</td><td>230.5</td><td>0.88</td></tr><tr><th>3</th><td>Meißen</td><td>189.2</td><td>201.4</td><td>247.0</td><td>0.87</td></tr>
<tr><th>4</th><td>Riesa</td><td>193.5</td><td>204.9</td><td>252.6</td><td>0.84</td></tr></tbody></table>"""
POINTS = " ".join(f"{40 + 24 * i},{150 - 40 * (i % 5 == 2) - 9 * (i % 3) - i}" for i in range(22))
FAN = (f'<svg xmlns="http://www.w3.org/2000/svg" width="620" height="190" viewBox="0 0 620 190" font-family="sans-serif" font-size="11">'
       f'<path d="M40 170H590" stroke="#888"/><polygon points="{POINTS} 568,60 400,80" fill="#157a52" fill-opacity=".13"/>'
       f'<polyline points="{POINTS}" fill="none" stroke="#157a52" stroke-width="1.5"/><text x="40" y="20">Dresden, m³/s</text></svg>')
TRACE = ["\x1b[31m---------------------------------------------------------------------------\x1b[39m",
         "\x1b[31mValueError\x1b[39m                                Traceback (most recent call last)",
         "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[13]\x1b[39m\x1b[32m, line 1\x1b[39m\n\x1b[32m----> \x1b[39m\x1b[32m1\x1b[39m skill(fc.q_p50, gauges.q_obs)\n",
         "\x1b[36mFile \x1b[39m\x1b[32m~/model.py:88\x1b[39m, in \x1b[36mskill\x1b[39m(pred, obs)\n\x1b[32m     87\x1b[39m \x1b[38;5;66;03m# Nash-Sutcliffe\x1b[39;00m\n"
         "\x1b[32m---> \x1b[39m\x1b[32m88\x1b[39m return 1 - ((pred - obs) ** 2).sum() / ((obs - obs.mean()) ** 2).sum()\n",
         "\x1b[31mValueError\x1b[39m: operands could not be broadcast together with shapes (51,5) (8412,)"]
MATH = (r"Ten days ahead for five gauges of the Elbe. The forecast is a weighted mean of 51 members, with weights from last month’s skill:"
        "\n\n$$Q_t=\\sum_{k=1}^{K} w_k\\,\\hat Q_t^{(k)}+\\varepsilon_t,\\qquad \\varepsilon_t\\sim N(0,\\sigma_t^2)$$")


def md(n, text):
    return {"cell_type": "markdown", "id": f"m{n}", "metadata": {}, "source": text.splitlines(True)}


def code(n, text, *outputs, count=None):
    return {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": count, "source": text.splitlines(True), "outputs": list(outputs)}


def result(count, **data):
    return {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}


def book(cells):
    return json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
                       "language_info": {"name": "python", "version": "3.12"}}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


ENSEMBLE = [
    md(0, "# Ensemble runoff forecast\n\n" + MATH), md(1, "## Load and weight"),
    code(2, 'import pandas as pd, xarray as xr\nfrom model import Ensemble, skill\n\ngauges = pd.read_parquet("data/gauges.parquet")\n'
            "gauges.query(\"river == 'Elbe'\").head()", result(11, **{"text/html": TABLE, "text/plain": "gauge"}), count=11),
    md(3, "## Forecast"),
    code(4, 'fc = Ensemble(members=51, weights=w).forecast(gauges, days=10)\nfc.plot_fan(gauge="Dresden", bands=(0.5, 0.9))  # runoff, m³/s',
         {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": FAN, "text/plain": "<Figure>"}}, count=12),
    md(5, "## Skill"),
    code(6, "skill(fc.q_p50, gauges.q_obs)", {"output_type": "error", "ename": "ValueError",
         "evalue": "operands could not be broadcast together with shapes (51,5) (8412,)", "traceback": TRACE}, count=13),
    md(7, "## Cross-validation"),
    code(8, "import time\nscores = []\nfor fold in range(10):\n    fit = Ensemble(members=51).fit(train[fold])\n    scores.append(skill(fit.predict(test[fold]), test[fold].q_obs))\n"
            "    print('fold', fold + 1, 'of 10, skill', scores[-1], flush=True)"),
    code(9, "pd.Series(scores).describe().round(3)"),
]


# What the notebook's earlier cells would have left in the kernel; the seventh fold takes its time.
BEFORE = """
import time
from pathlib import Path
class Frame:
    q_obs = (182.4, 171.0)
class Ensemble:
    def __init__(self, members=51, weights=None): self.members = members
    def fit(self, data): return self
    def predict(self, data): return data
def skill(pred, obs):
    time.sleep(600 if len(scores) == 6 else 0)
    return (0.91, 0.9, 0.88, 0.87, 0.89, 0.9, 0.86)[len(scores) % 7]
data, DAYS, members, rivers = Path("data"), 10, 51, ["Elbe", "Mulde", "Saale"]
fc, scores, winter = Ensemble(), [], False
train = test = [Frame()] * 10
weights = {n: 1 / 51 for n in range(51)}
"""
RC = r"""PS1='\[\e[32m\]mara@catchment-forecast\[\e[0m\]:\[\e[34m\]~\[\e[0m\]$ '
bind 'set enable-bracketed-paste off' 2>/dev/null
"""
NOTEBOOK = "04-ensemble.ipynb"


def fill(root):
    """The files of the design reference."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "data/era5-2026.zarr").mkdir(parents=True)
    (root / "figures").mkdir()
    (root / "data/gauges.parquet").write_bytes(b"PAR1" + bytes(4096))
    (root / "model.py").write_text('"""The ensemble."""\n\n\nclass Ensemble:\n    def __init__(self, members=51, weights=None):\n        self.members = members\n')
    (root / "results.csv").write_text("gauge,q\n" + "Dresden,182.4\n" * 8412)
    (root / "README.md").write_text("# Elbe\n\nEnsemble runoff forecast for the Elbe headwaters.\n\n- [ ] winter\n")
    (root / "logo.png").write_bytes(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="))
    for name, title in (("01-load", "Load"), ("02-clean", "Clean"), ("03-features", "Features")):
        (root / f"{name}.ipynb").write_text(book([md(0, f"# {title}"), code(1, "x = 1")]))
    (root / "04-ensemble.ipynb").write_text(book(ENSEMBLE))
    (root / "broken.ipynb").write_text('{"cells": [')


class Desk:
    """The agent and its files, as the reference shows them."""

    def __init__(self, folder):
        root = Path(folder) / "home"
        fill(root)
        (Path(folder) / ".bashrc").write_text(RC)
        self.root = root
        self.used = False
        session = BUILD / "lib/session"
        self.agent = Agent(root, lab=session / "lab", ide=session / "ide")

    def open(self):
        self.agent.start()
        return self

    def close(self):
        self.agent.stop()

    def afresh(self):
        """The notebook as it was, with a kernel in which its first cells have run."""
        for s in self.agent.call("GET", "api/sessions", 200).json():
            self.agent.call("DELETE", f"api/sessions/{s['id']}")
        for x in self.agent.call("GET", "api/terminals", 200).json():
            self.agent.call("DELETE", f"api/terminals/{x['name']}")
        (self.root / NOTEBOOK).write_text(book(ENSEMBLE))
        s = self.agent.call("POST", "api/sessions", 201, json={"path": NOTEBOOK, "name": NOTEBOOK, "type": "notebook", "kernel": {"name": "python3"}}).json()
        k = Socket(self.agent, s["kernel"]["id"])
        k.run(BEFORE)
        k.close()
        self.used = True

    def address(self, path):
        return f"http://localhost:{self.agent.port}{self.agent.base}ide{path}?token={self.agent.token}"
