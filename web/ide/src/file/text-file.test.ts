/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { textIn, textOut } from "./text-form";

describe("a text's form", () => {
  it.each(["", "a", "a\nb\n", "a\r\nb\r\n", "a\r\nb\n", "\ufeffa\r\n", "\r\n", "a\rb\r\n", "\n\r\n"])("%j is written as it was read", (raw) => {
    const { text, form } = textIn(raw);
    expect(textOut(text, form)).toBe(raw);
  });
  it("lines that all end in CRLF are shown with LF", () => {
    expect(textIn("a\r\nb\r\n")).toEqual({ text: "a\nb\n", form: { crlf: true, bom: false } });
    expect(textIn("a\r\nb\n").form.crlf).toBe(false);
  });
});
