/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { type Outgoing, decode, encode } from "./wire";

const sample: Outgoing = {
  channel: "shell",
  id: "m1",
  type: "execute_request",
  session: "s",
  content: { code: "größe = '😀'" },
  metadata: { cellId: "c" },
  buffers: [new Uint8Array([1, 2, 3]).buffer, new ArrayBuffer(0)],
};

describe("frames", () => {
  it("come back as they were made", () => {
    const m = decode(encode(sample))!;
    expect(m.channel).toBe("shell");
    expect(m.header).toMatchObject({ msg_id: "m1", msg_type: "execute_request", session: "s" });
    expect(m.content).toEqual(sample.content);
    expect(m.metadata).toEqual({ cellId: "c" });
    expect(m.buffers.map((b) => [...new Uint8Array(b)])).toEqual([[1, 2, 3], []]);
  });

  it("that are cut anywhere are refused, never half read", () => {
    const whole = encode({ ...sample, buffers: [] });
    for (let n = 0; n < whole.byteLength; n++) expect(decode(whole.slice(0, n))).toBeNull();
  });

  it("with wild offsets are refused", () => {
    const whole = encode(sample);
    const n = Number(new DataView(whole).getBigUint64(0, true));
    for (let i = 0; i <= n; i++) {
      for (const value of [0n, 1n << 40n, (1n << 64n) - 1n]) {
        const bad = whole.slice(0);
        new DataView(bad).setBigUint64(8 * i, value, true);
        expect(decode(bad)).toBeNull();
      }
    }
  });

  it("of other channels or without a type are refused", () => {
    expect(decode(encode({ ...sample, channel: "other" as never }))).toBeNull();
    expect(decode(encode({ ...sample, type: 1 as never }))).toBeNull();
    expect(decode(encode({ ...sample, content: [] }))).toBeNull();
  });
});
