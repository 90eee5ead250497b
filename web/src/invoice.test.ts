/* SPDX-License-Identifier: Apache-2.0 */
import { expect, test } from "vitest";
import { type Charge, headings } from "./invoice";

const line = (kind: Charge["kind"], workspace: string, amount: string, resource = "small"): Charge => ({
  id: `${workspace}${amount}`, kind, workspace_id: workspace, workspace_name: workspace, resource, from: "", to: "", seconds: 60, bytes: 0, rate: "0.06", free: false, amount, estimated: false, reason: null,
});

test("lines stand under their workspace and type, dearest first, corrections last", () => {
  const got = headings([line("correction", "a", "-9.00"), line("storage", "a", "5.00"), line("compute", "a", "0.000001"), line("compute", "b", "0.10"), line("compute", "a", "0.05"), line("compute", "a", "0.30", "large")]);
  expect(got.map((h) => [h.kind, h.name, h.resource, h.lines.length])).toEqual([
    ["compute", "a", "large", 1], ["compute", "b", "small", 1], ["compute", "a", "small", 2], ["storage", "a", "small", 1], ["correction", "a", "small", 1],
  ]);
  expect(got[2]!.micro).toBe(50_001n);
  expect(got[2]!.seconds).toBe(120);
});
