/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { type Entry, encodePath, join, nameOf, parentOf } from "./api";
import { filtered, nameFault, sorted, viewOf } from "./kinds";

const e = (name: string, size: number | null, type: Entry["type"] = "file", at = "2026-01-01T00:00:00Z"): Entry => ({ name, path: name, type, size, last_modified: at });

describe("files", () => {
  it("encodes each segment and nothing between them", () => {
    expect(encodePath("a b/c#d/ü?.txt")).toBe("a%20b/c%23d/%C3%BC%3F.txt");
    expect(encodePath("/a//b/")).toBe("a/b");
    expect(join("", "x")).toBe("x");
    expect(parentOf("a/b/c")).toBe("a/b");
    expect(nameOf("a/b/c")).toBe("c");
  });

  it("sorts folders first and numbers as people count", () => {
    const all = [e("file10", 1), e("file2", 3), e("zoo", null, "directory"), e("File1", 2)];
    expect(sorted(all, { key: "name", down: false }).map((x) => x.name)).toEqual(["zoo", "File1", "file2", "file10"]);
    expect(sorted(all, { key: "size", down: true }).map((x) => x.name)).toEqual(["zoo", "file2", "File1", "file10"]);
    expect(filtered(all, "FILE1").map((x) => x.name)).toEqual(["file10", "File1"]);
  });

  it("knows how to show a file", () => {
    expect(viewOf("a.ipynb")).toBe("notebook");
    expect(viewOf("a.SVG")).toBe("image");
    expect(viewOf("a.tar.gz")).toBe("none");
    expect(viewOf("Makefile")).toBe("text");
    expect(viewOf(".csv")).toBe("text");
  });

  it("refuses names that no file may have", () => {
    expect(nameFault("ok name.txt")).toBeNull();
    expect(nameFault(" ")).toBe("empty");
    expect(nameFault("..")).toBe("dots");
    expect(nameFault(".bashrc")).toBe("hidden");
    expect(nameFault("a/b")).toBe("slash");
    expect(nameFault("a\nb")).toBe("control");
    expect(nameFault("ä".repeat(128))).toBe("long");
  });
});
