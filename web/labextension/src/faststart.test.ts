/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { hurrySaves } from "./faststart";

class Fake {
  constructor(public limit: number) {}
  invoke(what: unknown): Promise<unknown> {
    return Promise.resolve([what, this.limit]);
  }
}

describe("hurrySaves", () => {
  it("shortens long waits only, and only until it is told to stop", async () => {
    const slow = new Fake(500);
    const quick = new Fake(0);
    const stop = hurrySaves(Fake as never);
    expect(await slow.invoke("a")).toEqual(["a", 20]);
    expect(await quick.invoke("b")).toEqual(["b", 0]);
    expect(slow.limit).toBe(500);
    stop();
    stop();
    expect(await slow.invoke("c")).toEqual(["c", 500]);
  });

  it("leaves another's replacement alone", () => {
    const stop = hurrySaves(Fake as never);
    const other = (): Promise<unknown> => Promise.resolve(null);
    Fake.prototype.invoke = other;
    stop();
    expect(Fake.prototype.invoke).toBe(other);
  });
});
