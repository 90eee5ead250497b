/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { LongText } from "./longtext";

const linesOf = (text: string): string[] => (text === "" ? [] : (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n"));

describe("a long text", () => {
  it("has the lines of the whole, however it came", () => {
    let seed = 7;
    const random = (n: number): number => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
    for (let round = 0; round < 20; round++) {
      let whole = "";
      const text = new LongText();
      for (let i = 0; i < 60; i++) {
        const piece = "x".repeat(random(9000)) + "\n".repeat(random(4)) + (random(3) ? "" : "tail");
        whole += piece;
        text.append(piece);
        const lines = linesOf(whole);
        expect(text.lines).toBe(lines.length);
        expect(text.length).toBe(whole.length);
        const from = random(lines.length + 1);
        expect(text.slice(from, from + 5).lines).toEqual(lines.slice(from, from + 5));
      }
      expect(text.whole()).toBe(whole);
      expect(text.slice(0, text.lines).lines).toEqual(linesOf(whole));
    }
  });

  it("of another end keeps its beginning; of another beginning is another", () => {
    const long = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join("");
    const text = new LongText(long);
    text.set(`${long}50%`);
    expect(text.slice(49_999, 50_001).lines).toEqual(["line 49999", "50%"]);
    text.set(`${long}100%\ndone`);
    expect(text.lines).toBe(50_002);
    text.set("short");
    expect(text.slice(0, 9).lines).toEqual(["short"]);
    text.set("");
    expect(text.lines).toBe(0);
  });

  it("knows the colour at the beginning of any line", () => {
    const text = new LongText(`\x1b[31m${"red line\n".repeat(40_000)}\x1b[0mplain\n`);
    expect(text.slice(39_000, 39_001).style.fg).toBe(1);
    expect(text.slice(40_000, 40_001).lines[0]).toBe("\x1b[0mplain");
  });

  it("of 50 MB in 100 000 lines is shown at its end without going through it again", () => {
    const text = new LongText();
    const line = `${"y".repeat(499)}\n`;
    for (let i = 0; i < 1000; i++) {
      text.append(line.repeat(100));
      expect(text.slice(text.lines - 3, text.lines).lines).toHaveLength(3);
    }
    expect(text.lines).toBe(100_000);
  });
});
