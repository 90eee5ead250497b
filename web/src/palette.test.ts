/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { type Offer, matchOf, rank } from "./palette";

const offers: Offer[] = [
  { id: "w1", group: "workspaces", text: "sensor-cleaning" },
  { id: "w2", group: "workspaces", text: "ensemble" },
  { id: "c1", group: "commands", text: "Extend sensor-cleaning by 1 h" },
  { id: "p1", group: "pages", text: "Usage", words: "cost money" },
  { id: "f1", group: "files", text: "04-ensemble.ipynb", parts: [{ text: "04-", match: false }, { text: "ens", match: true }, { text: "emble.ipynb", match: false }] },
];

describe("palette", () => {
  it("marks what was typed, wherever it stands", () => {
    expect(matchOf("sensor-cleaning", "ENS")!.parts).toEqual([{ text: "s", match: false }, { text: "ens", match: true }, { text: "or-cleaning", match: false }]);
    expect(matchOf("usage", "x")).toBeNull();
    expect(matchOf("Extend sensor-cleaning by 1 h", "sensor extend")).not.toBeNull();
    /* A letter that is another length in lower case does not shift the marks. */
    expect(matchOf("İstanbul", "stan")).toBeNull();
  });
  it("puts the best first and keeps the groups in order", () => {
    const got = rank(offers, "ens", []);
    expect(got.map((g) => g.group)).toEqual(["files", "workspaces", "commands"]);
    expect(got[1]!.items.map((i) => i.offer.id)).toEqual(["w2", "w1"]);
    expect(rank(offers, "money", []).map((g) => g.items[0]!.offer.id)).toContain("p1");
  });
  it("begins with what was used last", () => {
    const got = rank(offers.filter((o) => !o.parts), "", ["c1", "w1"]);
    expect(got[0]!.group).toBe("recent");
    expect(got[0]!.items.map((i) => i.offer.id)).toEqual(["c1", "w1"]);
    expect(got.flatMap((g) => g.items).filter((i) => i.offer.id === "w1")).toHaveLength(1);
  });
});
