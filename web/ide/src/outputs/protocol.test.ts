/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { HEIGHT_MAX, Heights, fromFrame, linkOf } from "./protocol";

describe("what a frame says", () => {
  it("is taken as what it should be, made anew", () => {
    expect(fromFrame({ carrel: "ready", more: 1 })).toEqual({ carrel: "ready" });
    expect(fromFrame({ carrel: "size", height: 10.2 })).toEqual({ carrel: "size", height: 11 });
    expect(fromFrame({ carrel: "size", height: 1e9 })).toEqual({ carrel: "size", height: HEIGHT_MAX });
    const comm = { carrel: "comm", comm: "c", data: { method: "update", state: { value: 3 } }, buffers: [new ArrayBuffer(2)] };
    expect(fromFrame(comm)).toEqual(comm);
  });

  it("is dropped when it does not fit", () => {
    const deep: Record<string, unknown> = { method: "update" };
    let at = deep;
    for (let i = 0; i < 100; i++) at = at.x = {} as Record<string, unknown>;
    const bad: unknown[] = [
      null, undefined, 1, "ready", [], { carrel: "other" }, new Date(), Object.create({ carrel: "ready" }),
      { carrel: "size", height: -1 }, { carrel: "size", height: NaN }, { carrel: "size", height: "9" },
      { carrel: "open", url: "javascript:alert(1)" }, { carrel: "open", url: "data:text/html,x" }, { carrel: "open", url: "/lab" }, { carrel: "open", url: 1 },
      { carrel: "failed", text: {} }, { carrel: "key", key: "a" },
      { carrel: "comm", comm: 1, data: {}, buffers: [] }, { carrel: "comm", comm: "c", data: { method: "update" } },
      { carrel: "comm", comm: "c", data: { method: "evil" }, buffers: [] }, { carrel: "comm", comm: "c", data: { method: "update", f: () => 1 }, buffers: [] },
      { carrel: "comm", comm: "c", data: deep, buffers: [] }, { carrel: "comm", comm: "c", data: { method: "update" }, buffers: ["x"] },
      { carrel: "comm", comm: "x".repeat(1000), data: { method: "update" }, buffers: [] },
      { carrel: "comm", comm: "c", data: { method: "update" }, buffers: Array.from({ length: 100 }, () => new ArrayBuffer(0)) },
    ];
    for (const m of bad) expect(fromFrame(m)).toBeNull();
  });

  it("opens web and mail addresses only", () => {
    expect(linkOf("https://example.org/a?b")).toBe("https://example.org/a?b");
    for (const url of ["javascript:x", "JaVaScRiPt:x", " javascript:x", "blob:https://x/1", "file:///etc", "vbscript:x", "about:blank", "x".repeat(9000)]) expect(linkOf(url)).toBeNull();
  });

  it("can't make the page jump for ever", () => {
    const h = new Heights(5);
    let taken = 0;
    for (let i = 0; i < 1000; i++) if (h.take(100 + i * 3, i)) taken++;
    expect(taken).toBe(5);
    expect(h.take(9, 5000)).toBe(true);
    expect(h.take(10, 5001)).toBe(false); /* a pixel is none */
  });
});
