/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is to the page: how it is shown, whether its text can be edited, in which order files stand. */
import type { Entry } from "./api";

export type View = "notebook" | "image" | "csv" | "markdown" | "json" | "text" | "none";

const IMAGES: Record<string, string> = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp", bmp: "image/bmp", ico: "image/x-icon", avif: "image/avif", svg: "image/svg+xml" };
const BINARY = /^(zip|gz|bz2|xz|zst|tar|tgz|7z|whl|pdf|parquet|feather|arrow|npy|npz|h5|hdf5|nc|zarr|pkl|pickle|pt|pth|onnx|so|o|a|exe|bin|db|sqlite|mp3|mp4|wav|mov|avi|webm|ttf|otf|woff2?|docx?|xlsx?|pptx?)$/;
export const IMAGE_MOST = 20 * 1024 * 1024;
export const EDIT_MOST = 2 * 1024 * 1024;
export const NOTEBOOK_MOST = 16 * 1024 * 1024;

export function extOf(name: string): string {
  const at = name.lastIndexOf(".");
  return at > 0 ? name.slice(at + 1).toLowerCase() : "";
}

export function imageType(name: string): string | null {
  return IMAGES[extOf(name)] ?? null;
}

export function viewOf(name: string): View {
  const ext = extOf(name);
  if (ext === "ipynb") return "notebook";
  if (IMAGES[ext]) return "image";
  if (ext === "csv" || ext === "tsv") return "csv";
  if (ext === "md" || ext === "markdown") return "markdown";
  if (ext === "json" || ext === "geojson") return "json";
  return BINARY.test(ext) ? "none" : "text";
}

export type SortKey = "name" | "size" | "changed";
export interface Sort {
  key: SortKey;
  down: boolean;
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/* Folders first whatever the order; names as people count: file2 before file10. */
export function sorted(entries: Entry[], by: Sort): Entry[] {
  const way = by.down ? -1 : 1;
  const value = (a: Entry, b: Entry): number => {
    if (by.key === "size") return (a.size ?? -1) - (b.size ?? -1);
    if (by.key === "changed") return (Date.parse(a.last_modified ?? "") || 0) - (Date.parse(b.last_modified ?? "") || 0);
    return names.compare(a.name, b.name);
  };
  return [...entries].sort((a, b) => {
    const folders = Number(b.type === "directory") - Number(a.type === "directory");
    return folders || way * value(a, b) || names.compare(a.name, b.name);
  });
}

export function filtered(entries: Entry[], text: string): Entry[] {
  const wanted = text.trim().toLowerCase();
  return wanted ? entries.filter((e) => e.name.toLowerCase().includes(wanted)) : entries;
}

/* What a name may not be; null when it may. */
export type NameFault = "empty" | "slash" | "dots" | "hidden" | "long" | "control";

export function nameFault(name: string): NameFault | null {
  if (!name.trim()) return "empty";
  if (name === "." || name === "..") return "dots";
  if (name.startsWith(".")) return "hidden";
  if (/[/\\]/.test(name)) return "slash";
  if (/[\u0000-\u001f\u007f]/.test(name)) return "control";
  return new TextEncoder().encode(name).length > 255 ? "long" : null;
}
