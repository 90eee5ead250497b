/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { duration } from "./words";

test("times as a cell says them", () => {
  expect([0, 412, 9_940, 9_960, 59_400, 724_000, 9_660_000].map(duration)).toEqual(["0.0 s", "0.4 s", "9.9 s", "10 s", "59 s", "12 min 04 s", "2 h 41 min"]);
});
