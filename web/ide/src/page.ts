/* SPDX-License-Identifier: Apache-2.0 */
/* Where this page is: what the agent wrote into <html>, and addresses of the server below its base. */

const said = typeof document === "undefined" ? undefined : document.documentElement.dataset;
const given = (value: string | undefined): string => (value && !/^@[A-Z]+@$/.test(value) ? value : "");

export const base = given(said?.base) || "/";
export let workspace = given(said?.workspace);
export const session = given(said?.session); /* "": the agent runs by itself */

/* Somebody gave it another name. */
export function renameWorkspace(name: string): void {
  workspace = name;
}

/* Segments of a path, each encoded, the slashes kept. */
export function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/* url("api/contents/", "a b/c.txt", { type: "file" }) */
export function url(route: string, path = "", query: Record<string, string> = {}): string {
  const q = new URLSearchParams(query).toString();
  return `${base}${route}${encodePath(path)}${q ? `?${q}` : ""}`;
}

export function wsUrl(route: string, path = "", query: Record<string, string> = {}): string {
  const u = new URL(url(route, path, query), location.href);
  u.protocol = u.protocol === "https:" ? "wss:" : "ws:";
  return u.href;
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function parentOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at < 0 ? "" : path.slice(0, at);
}

export function join(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name;
}
