/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, describe, expect, it, vi } from "vitest";
import { isTaken } from "./api";
import { wireOf } from "./wire";

/* A request that is answered at once. */
class Line {
  static sent = 0;
  static answer = {};
  status = 409;
  upload = {};
  responseText = "";
  onload = () => {};
  open(): void {}
  setRequestHeader(): void {}
  getResponseHeader(): null { return null; }
  abort(): void {}
  send(): void {
    Line.sent++;
    this.responseText = JSON.stringify(Line.answer);
    this.onload();
  }
}

const piece = (signal = new AbortController().signal) => wireOf("w_1").piece("u_1", 0, {} as Blob, () => {}, signal).catch((e: unknown) => e);

describe("a piece", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is not sent for what was cancelled before", async () => {
    vi.stubGlobal("XMLHttpRequest", Line);
    const stop = new AbortController();
    stop.abort();
    expect(await piece(stop.signal)).toMatchObject({ status: 0, slug: "cancelled" });
    expect(Line.sent).toBe(0);
  });

  it("is refused for a name, for another place, or for a workspace without files", async () => {
    vi.stubGlobal("XMLHttpRequest", Line);
    Line.answer = { message: "a.txt is there already", reason: null };
    expect(isTaken(await piece())).toBe(true);
    Line.answer = { id: "u_1", offset: 7 };
    expect(isTaken(await piece())).toBe(false);
    Line.answer = { type: "https://carrel.dev/problems/conflict", title: "This can't be done now.", detail: "No files yet." };
    const e = await piece();
    expect([isTaken(e), (e as { slug: string }).slug]).toEqual([false, "conflict"]);
  });
});
