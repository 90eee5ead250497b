/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { CsvReader, guess, numeric } from "./csv";

const rows = (...pieces: string[]) => {
  const r = new CsvReader();
  for (const p of pieces) r.put(p);
  r.end();
  return r.rows;
};

describe("csv", () => {
  it("reads quotes, ends of lines and pieces cut anywhere", () => {
    const text = 'a,b\r\n"x, ""y""\nz",2\n,\n';
    const whole = [["a", "b"], ['x, "y"\nz', "2"], ["", ""]];
    expect(rows(text)).toEqual(whole);
    for (let i = 1; i < text.length; i++) expect(rows(text.slice(0, i), text.slice(i))).toEqual(whole);
    expect(rows("\ufeffa;b\n1;2")).toEqual([["a", "b"], ["1", "2"]]);
    expect(rows('"never ends,\n1')).toEqual([["never ends,\n1"]]);
  });

  it("stops where it is enough", () => {
    const r = new CsvReader();
    r.put("a,b\n".repeat(20_000));
    expect(r.rows.length).toBe(10_001);
    expect(r.full).toBe(true);
    expect(rows(",".repeat(5000))[0]!.length).toBe(200);
  });

  it("guesses what parts the cells, and which columns are numbers", () => {
    expect(guess("a\tb\tc,d")).toBe("\t");
    expect(guess('"a;b;c",d')).toBe(",");
    expect(numeric([["h"], ["1"], [""], ["-2.5e3"]], 0)).toBe(true);
    expect(numeric([["h"], ["1"], ["x"]], 0)).toBe(false);
  });
});
