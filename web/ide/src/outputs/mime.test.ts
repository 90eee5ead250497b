/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { formOf, needsFrame } from "./mime";
import { reachable } from "./models";

const PANDAS = `<div>\n<style scoped>\n    .dataframe tbody tr th { vertical-align: top; }\n</style>\n<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th></th></tr></thead></table>\n</div>`;

describe("an output's form", () => {
  it("is the richest", () => {
    expect(formOf({ "text/plain": "x", "image/png": "eA==" })).toEqual({ as: "image", mime: "image/png" });
    expect(formOf({ "text/plain": "x", "text/html": PANDAS })).toEqual({ as: "html", mime: "text/html" });
    expect(formOf({ "text/html": "<script>1</script>", "application/vnd.plotly.v1+json": {} }).as).toBe("plotly");
    expect(formOf({ "application/vnd.vegalite.v5+json": {}, "text/plain": "" }).as).toBe("vega");
    expect(formOf({ "application/vnd.vega.v5.2.1+json": {} }).as).toBe("vega");
    expect(formOf({ "application/x-unknown": "x" })).toEqual({ as: "unknown", mime: "application/x-unknown" });
    expect(formOf({})).toEqual({ as: "none" });
    expect(formOf({ "image/png": 7 as never, "text/plain": "t" })).toEqual({ as: "text", mime: "text/plain" });
  });

  it("HTML with a program, style or a way out goes into a frame", () => {
    for (const html of ["<b>x</b>", PANDAS, "<p>a &lt;script&gt;</p>"]) expect(needsFrame(html)).toBe(false);
    for (const html of ["<script>x</script>", "<img src=x onerror=y>", "<a href=javascript:x>", "<style>b{}</style>", "<svg/onload=x>", "<IFRAME src=x>", "<p style=color:red>", "<form>", "<meta http-equiv=refresh>", "<base href=//x>", "<math>"]) {
      expect(needsFrame(html), html).toBe(true);
    }
  });

  it("a widget comes with all that it names, and no cycle is endless", () => {
    const all: Record<string, unknown> = { a: { children: ["IPY_MODEL_b", "IPY_MODEL_c"] }, b: { layout: "IPY_MODEL_l", deep: { x: ["IPY_MODEL_a"] } }, c: {}, l: {}, other: {} };
    expect(reachable("a", (id) => all[id])).toEqual(["a", "b", "l", "c"]);
    expect(reachable("none", (id) => all[id])).toEqual([]);
  });
});
