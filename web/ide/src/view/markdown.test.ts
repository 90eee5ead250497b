/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { kindOfAddress } from "./markdown";

test("only the web, mail, anchors and what lies beside", () => {
  expect(kindOfAddress("https://a.example/x")).toBe("web");
  expect(kindOfAddress("HTTP://a.example")).toBe("web");
  expect(kindOfAddress("mailto:a@b.example")).toBe("mail");
  expect(kindOfAddress("#part")).toBe("anchor");
  expect(kindOfAddress("data/x.csv")).toBe("relative");
  expect(kindOfAddress("a:b/c.png")).toBeNull();
});

test("no scheme hides behind what browsers leave out", () => {
  for (const bad of ["javascript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:x", "\u0000javascript:x", "vbscript:x", "data:text/html,x", "file:///etc", "//evil.example", "\\\\evil", "java\u00adscript:x"])
    expect(kindOfAddress(bad)).toBeNull();
});
