/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of what a notebook's Markdown names: files beside the notebook, inside the workspace. */
import { parentOf, url } from "../page";

/* "../data/a b.png" beside "x/y/n.ipynb" → "x/data/a b.png"; null where it leads out of the root. */
export function beside(path: string, address: string): string | null {
  let rest = address.replace(/[?#].*$/s, "");
  try {
    rest = decodeURIComponent(rest);
  } catch {
    /* a stray % is part of the name */
  }
  const parts = rest.startsWith("/") ? [] : parentOf(path).split("/").filter(Boolean);
  for (const p of rest.split("/")) {
    if (p === "" || p === ".") continue;
    if (p === "..") {
      if (!parts.length) return null;
      parts.pop();
    } else if (p.includes("\0") || p.includes("\\")) return null;
    else parts.push(p);
  }
  return parts.length ? parts.join("/") : null;
}

export const fileAddress = (path: string, address: string): string | null => {
  const at = beside(path, address);
  return at === null ? null : url("files/", at);
};

export const pageAddress = (path: string, address: string): string | null => {
  const at = beside(path, address);
  return at === null ? null : url("ide/", at);
};
