/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { tableOf } from "./htmltable";
import { type Notebook, plainText, readNotebook } from "./notebook";

const nb = (doc: unknown): Notebook => {
  const r = readNotebook(JSON.stringify(doc));
  if (!r.ok) throw new Error(r.why);
  return r.notebook;
};

describe("notebook preview", () => {
  it("reads format 4 with its outputs as data", () => {
    const n = nb({
      nbformat: 4, nbformat_minor: 5, metadata: { language_info: { name: "Python" } },
      cells: [
        { cell_type: "markdown", source: ["# Hello\n", "there"], attachments: { "a.png": { "image/png": "aGk=" }, "b.svg": { "image/svg+xml": "PHN2Zz4=" } } },
        { cell_type: "code", execution_count: 3, source: "1+1", outputs: [
          { output_type: "stream", name: "stdout", text: ["a\n", "b\n"] }, { output_type: "stream", name: "stdout", text: "c" }, { output_type: "stream", name: "stderr", text: "w" },
          { output_type: "display_data", data: { "image/png": "aGk=\n", "text/plain": "<Figure>" } },
          { output_type: "execute_result", data: { "text/html": "<table><thead><tr><th></th><th>x</th></tr></thead><tr><th>0</th><td>1 &lt; 2</td></tr></table>", "text/plain": "t" } },
          { output_type: "display_data", data: { "text/html": "<script>alert(1)</script>", "text/plain": "plain" } },
          { output_type: "display_data", data: { "application/javascript": "alert(1)" } },
          { output_type: "display_data", data: { "image/png": "javascript:alert(1)" } },
          { output_type: "error", ename: "E", evalue: "v", traceback: ["\u001b[31mx\u001b[0m"] },
        ] },
      ],
    });
    expect(n.language).toBe("python");
    expect(n.cells[0]).toMatchObject({ kind: "markdown", source: "# Hello\nthere", images: { "a.png": { mime: "image/png" } } });
    expect(Object.keys(n.cells[0]!.images)).toEqual(["a.png"]);
    expect(n.cells[1]!.outputs).toEqual([
      { kind: "text", text: "a\nb\nc", error: false }, { kind: "text", text: "w", error: true }, { kind: "image", mime: "image/png", data: "aGk=" },
      { kind: "table", table: { head: [["", "x"]], rows: [["0", "1 < 2"]], cut: false } }, { kind: "text", text: "plain" },
      { kind: "left", mimes: ["application/javascript"] }, { kind: "left", mimes: ["image/png"] }, { kind: "error", name: "E", value: "v", trace: "\u001b[31mx\u001b[0m" },
    ]);
    expect(plainText("\u001b[31mred\u001b[0m\n10%\r20%\r100%\nend\r\n")).toBe("red\n100%\nend\n");
  });

  it("reads what older formats wrote", () => {
    const three = nb({ nbformat: 3, worksheets: [{ cells: [
      { cell_type: "heading", level: 2, source: "T" },
      { cell_type: "code", input: ["x"], prompt_number: 1, outputs: [{ output_type: "pyout", png: "aGk=", text: "t" }, { output_type: "pyerr", ename: "E", evalue: "", traceback: [] }] },
    ] }] });
    expect(three.cells[0]).toMatchObject({ kind: "heading", level: 2 });
    expect(three.cells[1]).toMatchObject({ source: "x", count: 1, outputs: [{ kind: "image" }, { kind: "error" }] });
    expect(nb({ nbformat: 1, cells: [{ cell_type: "code", code: "y", prompt_number: 2 }] }).cells[0]).toMatchObject({ source: "y", count: 2 });
    expect(nb({ nbformat: 5, cells: [{ cell_type: 7, source: { a: 1 } }, null, 3] }).cells).toHaveLength(1);
  });

  it("says what is broken", () => {
    expect(readNotebook("{ not json")).toMatchObject({ ok: false, why: "json" });
    expect(readNotebook("[1]")).toMatchObject({ ok: false, why: "object" });
    expect(readNotebook('{"nbformat":9,"cells":[]}')).toMatchObject({ ok: false, why: "format", detail: "9" });
    expect(readNotebook('{"nbformat":4}')).toMatchObject({ ok: false, why: "cells" });
  });

  it("takes a table and nothing else out of HTML", () => {
    expect(tableOf("<p>no</p>")).toBeNull();
    const t = tableOf('<style>x</style><table><tr onclick="x"><td><script>a</script>b<img src=x onerror=alert(1)></td><td>&#60;c&#x3e;&bogus;&#0;</td></table>after');
    expect(t).toEqual({ head: [], rows: [["b", "<c>&bogus;\ufffd"]], cut: false });
    const many = tableOf(`<table>${"<tr><td>1</td></tr>".repeat(500)}</table>`)!;
    expect(many.rows.length).toBe(200);
    expect(many.cut).toBe(true);
  });
});

describe("plain text", () => {
  it("shows what was written last over a line", () => {
    expect(plainText(" 10 %\r 20 %\r 30 %\nend\r\n\r\r\nx\r")).toBe(" 30 %\nend\n\nx");
  });

  it("takes a line of megabytes in one go", () => {
    const long = "x".repeat(3_000_000);
    expect(plainText(long)).toBe(long);
    expect(plainText(`${long}\r${long}y`)).toBe(`${long}y`);
    expect(plainText("\u001b]".repeat(200_000))).toBe("");
  });
});
