/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { heir } from "./focus-keeper";

const el = (isConnected: boolean): Element => ({ isConnected }) as Element;

describe("who gets the focus of what has gone", () => {
  const body = el(true);
  it("is nobody while it is somewhere", () => {
    expect(heir([el(false), el(true)], el(true), body)).toBeNull();
    expect(heir([el(true)], body, body)).toBeNull();
    expect(heir([], body, body)).toBeNull();
  });
  it("is the nearest part that is still there", () => {
    const kept = el(true);
    expect(heir([el(false), el(false), kept, el(true)], body, body)).toBe(kept);
    expect(heir([el(false)], null, body)).toBeNull();
  });
});
