/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { framesOf, groups, librariesOf } from "./traceback";

const R = "\x1b[31m";
const Z = "\x1b[39m";
const ipython = [
  `${R}---------------------------------------------------------------------------${Z}`,
  `${R}ValueError${Z}                                Traceback (most recent call last)`,
  `Cell ${R}In[13], line 1${Z}\n----> 1 skill(a, b)`,
  `File ${R}~/model.py:88${Z}, in skill(pred, obs)\n---> 88 return f(pred)`,
  `File ${R}/opt/venv/lib/python3.12/site-packages/numpy/core/x.py:10${Z}, in f(x)\n---> 10 g()`,
  `File ${R}/opt/venv/lib/python3.12/site-packages/pandas/io/y.py:10${Z}, in g()\n---> 10 h()`,
  `File ${R}/usr/lib/python3.12/json/decoder.py:355${Z}, in h()\n---> 355 raise`,
  `${R}ValueError${Z}: no`,
];

describe("a traceback", () => {
  const frames = framesOf("ValueError", "no", ipython);
  it("loses what the summary says already", () => {
    expect(frames).toHaveLength(5);
  });
  it("tells the user's frames from those of libraries", () => {
    expect(frames.map((f) => f.library)).toEqual([null, null, "numpy", "pandas", "python"]);
    expect(frames[0]!.cell).toBe("13");
    expect(groups(frames).map((g) => [g.folded, g.frames.length])).toEqual([[false, 2], [true, 3]]);
    expect(librariesOf(frames)).toEqual(["numpy", "pandas", "python"]);
  });
  it("of another kernel is shown as it is, none is no frame", () => {
    expect(framesOf("E", "x", ["Error in f() : x", "Traceback:"]).map((f) => f.text)).toEqual(["Error in f() : x", "Traceback:"]);
    expect(framesOf("OutOfMemory", "The kernel used 16.0 of 16 GB and was ended.", [])).toEqual([]);
  });
});
