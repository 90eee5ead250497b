/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { PLAIN, endOf, parse, strip } from "./ansi";
import { contrast, lookOf, readable } from "./colours";

const E = "\x1b[";
const styles = (text: string): [string, object][] => parse(text).runs.map((r) => [r.text, Object.fromEntries(Object.entries(r.style).filter(([k, v]) => v !== PLAIN[k as keyof typeof PLAIN]))]);

describe("escape sequences", () => {
  it("of 16, 256 and true colours become runs", () => {
    expect(styles(`a${E}31mb${E}1;92mc${E}0md`)).toEqual([["a", {}], ["b", { fg: 1 }], ["c", { fg: 10, bold: true }], ["d", {}]]);
    expect(styles(`${E}38;5;196mr${E}48;5;244mg`)).toEqual([
      ["r", { fg: { r: 255, g: 0, b: 0 } }],
      ["g", { fg: { r: 255, g: 0, b: 0 }, bg: { r: 128, g: 128, b: 128 } }],
    ]);
    expect(styles(`${E}38;2;1;2;3mx${E}39my`)).toEqual([["x", { fg: { r: 1, g: 2, b: 3 } }], ["y", {}]]);
    expect(styles(`${E}38:2:1:2:3mx`)).toEqual([["x", { fg: { r: 1, g: 2, b: 3 } }]]);
  });

  it("that are wrong, cut or for other things are left out and change nothing", () => {
    expect(styles(`${E}38;5;999ma`)).toEqual([["a", {}]]);
    expect(styles(`${E}2Ja${E}?25lb`).map(([s]) => s).join("")).toContain("a");
    expect(strip(`\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x00c${E}K`)).toBe("abc");
    expect(strip(`${E}31mred${E}0m`)).toBe("red");
    expect(parse(`${E}${"1;".repeat(100_000)}mx`).runs.at(-1)!.text).toBe("x");
  });

  it("leave off in the state in which the next line begins", () => {
    const { end } = parse(`${E}33mfirst`);
    expect(parse("second", end).runs[0]!.style.fg).toBe(3);
    expect(endOf(`${E}33mfirst`).fg).toBe(3);
    expect(endOf("plain", end)).toBe(end);
  });
});

describe("colours", () => {
  it("can be read on what lies behind them, whatever the program chose", () => {
    const grounds = ["#f1eee9", "#262220", "#000000", "#ffffff", "#777777"].map((h) => ({ r: parseInt(h.slice(1, 3), 16), g: parseInt(h.slice(3, 5), 16), b: parseInt(h.slice(5, 7), 16) }));
    for (const on of grounds) for (let n = 0; n < 512; n++) {
      const c = { r: (n >> 6) * 36, g: ((n >> 3) & 7) * 36, b: (n & 7) * 36 };
      expect(contrast(readable(c, on), on)).toBeGreaterThanOrEqual(4.5);
    }
  });
  it("default text has no colour of its own, a ground gets a fitting one", () => {
    expect(lookOf(PLAIN)).toEqual({});
    expect(lookOf({ ...PLAIN, bg: 7 })).toMatchObject({ backgroundColor: expect.any(String), color: expect.any(String) });
    expect(lookOf({ ...PLAIN, inverse: true }).color).toContain("light-dark");
  });
});
