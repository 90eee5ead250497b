/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import { jsonPieces } from "./contents";

it("a long text becomes JSON in pieces, no character cut in two", () => {
  for (const text of ["", "a\"b\\\n", "é𝒳\u2028".repeat(300), "𝒳".repeat(500), "x𝒳".repeat(500), "\ud835".repeat(100)])
    for (const size of [1, 2, 7, 64, 10_000]) {
      const all = [...jsonPieces(text, size)];
      expect(all.join("")).toBe(JSON.stringify(text).slice(1, -1));
      expect(all.length).toBeLessThanOrEqual(Math.ceil(text.length / size));
    }
});
