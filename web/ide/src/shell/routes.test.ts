/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { matches } from "./match";
import { addressOf, pathOf } from "./routes";

describe("addresses", () => {
  it.each(["a.ipynb", "a b/ä#?%.ipynb", "frame", "assets/x.ipynb", "frame/x", "deep/er/x.txt", "100%", "a+b"])("%s comes back from its address", (path) => {
    expect(pathOf(new URL(addressOf(path), "http://localhost"))).toBe(path);
  });
  it("the server's own names are not taken for files", () => {
    expect(addressOf("frame")).toBe("/ide?path=frame");
    expect(addressOf("assets/main.js")).toBe("/ide?path=assets%2Fmain.js");
    expect(pathOf(new URL("http://localhost/ide"))).toBe("");
    expect(pathOf(new URL("http://localhost/ide/%E0%A4%A"))).toBe("%E0%A4%A");
  });
});

describe("the palette", () => {
  it("finds every word anywhere", () => {
    expect([matches("New notebook", "note new"), matches("New notebook", "file")]).toEqual([true, false]);
  });
});
