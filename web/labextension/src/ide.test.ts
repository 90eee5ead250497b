/* SPDX-License-Identifier: Apache-2.0 */
import { expect, it } from "vitest";
import { ideAddress } from "./ide";

it("a file's address in the IDE", () => {
  expect(ideAddress("/x/", "a b/ä#.ipynb")).toBe("/x/ide/a%20b/%C3%A4%23.ipynb");
  expect(ideAddress("http://h:1/x", "")).toBe("http://h:1/x/ide");
});
