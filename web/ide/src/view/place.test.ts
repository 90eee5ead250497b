/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { beside } from "./place";

test("relative to the notebook's folder, never out of the root", () => {
  expect(beside("a/b/n.ipynb", "fig.png")).toBe("a/b/fig.png");
  expect(beside("a/b/n.ipynb", "../data/x%20y.csv?download=1#top")).toBe("a/data/x y.csv");
  expect(beside("n.ipynb", "./fig.png")).toBe("fig.png");
  expect(beside("n.ipynb", "../fig.png")).toBeNull();
  expect(beside("a/n.ipynb", "../../../etc/passwd")).toBeNull();
  expect(beside("a/n.ipynb", "/b/c.png")).toBe("b/c.png");
  expect(beside("a/n.ipynb", "..%2f..%2fx")).toBeNull();
  expect(beside("a/n.ipynb", "100%.png")).toBe("a/100%.png");
  expect(beside("a/n.ipynb", "..\\x")).toBeNull();
});
