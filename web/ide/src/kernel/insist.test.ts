/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { insist } from "./insist";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("asks with growing pauses until there is an answer", async () => {
  const from = Date.now(), at: number[] = [];
  const done = insist(async () => at.push(Math.round((Date.now() - from) / 1000)) === 7, () => true);
  await vi.runAllTimersAsync();
  expect(await done).toBe(true);
  expect(at).toEqual([0, 1, 3, 7, 15, 30, 45]);
});

it("asks no more when it does not matter any more", async () => {
  let matters = true;
  const ask = vi.fn(async () => false), done = insist(ask, () => matters);
  await vi.advanceTimersByTimeAsync(1500);
  matters = false;
  await vi.runAllTimersAsync();
  expect(await done).toBe(false);
  expect(ask).toHaveBeenCalledTimes(2);
  expect(await insist(async () => true, () => matters)).toBe(false);
});
