/* SPDX-License-Identifier: Apache-2.0 */
/* /ide/<path of the file in front>. Back and forward go through the files that were in front. */
import { base, encodePath, nameOf, workspace } from "../page";
import { t } from "../text";

/* These names at the root are the server's own. */
const TAKEN = /^(frame$|assets\/)/;

export function addressOf(path: string): string {
  if (!path) return `${base}ide`;
  return TAKEN.test(path) ? `${base}ide?path=${encodeURIComponent(path)}` : `${base}ide/${encodePath(path)}`;
}

export function pathOf(address: URL): string {
  const asked = address.searchParams.get("path");
  if (asked) return asked;
  const below = address.pathname.slice(base.length).replace(/^ide\/?/, "");
  try {
    return below.split("/").filter(Boolean).map(decodeURIComponent).join("/");
  } catch {
    return below;
  }
}

export function showAddress(path: string, replace: boolean): void {
  const to = addressOf(path);
  if (to !== location.pathname + location.search) {
    if (replace) history.replaceState(null, "", to);
    else history.pushState(null, "", to);
  }
  showTitle(path);
}

export function showTitle(path: string): void {
  document.title = [nameOf(path), workspace, t.shell.untitled].filter(Boolean).join(" · ");
}

let onMove: (path: string) => void = () => undefined;

export function watchRoutes(fn: (path: string) => void): void {
  onMove = fn;
  fn(pathOf(new URL(location.href)));
}

export function startRoutes(): void {
  addEventListener("popstate", () => onMove(pathOf(new URL(location.href))));
}
