/* SPDX-License-Identifier: Apache-2.0 */
import type { Package } from "./api";

export function changesOf(all: Package[]): number {
  return all.filter((p) => p.change === "added" || p.change === "changed").length;
}

/* What has to be installed into the same image to be here again; without changes, everything there is. */
export function requirementsOf(all: Package[]): string {
  const mine = all.filter((p) => p.where === "home" && p.change !== "same");
  const lines = (mine.length ? mine : all).map((p) => `${p.name}==${p.version}`);
  return lines.join("\n") + (lines.length ? "\n" : "");
}
