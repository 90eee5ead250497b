/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as nbformat.write prints it: keys sorted, a fixed indent. What stands in an older text and did not change stays as it is there. */
import { sameJson } from "./document";
import { Scan, parseText } from "./json-scan";
import type { Json, JsonObject } from "./types";

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const out: JsonObject = {};
  for (const key of Object.keys(value).sort()) Object.defineProperty(out, key, { value: sorted(value[key]!), enumerable: true });
  return out;
}

/* indent "": all in one line. level: how deep the value stands. */
export function print(value: Json, indent: string, level: number): string {
  const text = JSON.stringify(sorted(value), null, indent);
  return indent ? text.replaceAll("\n", `\n${indent.repeat(level)}`) : text;
}

export interface Part {
  rawKey: string;
  raw: string;
}

export function printObject(parts: readonly Part[], indent: string, level: number): string {
  if (!parts.length) return "{}";
  if (!indent) return `{${parts.map((p) => `${p.rawKey}: ${p.raw}`).join(", ")}}`;
  const at = `\n${indent.repeat(level)}`;
  return `{${parts.map((p) => `${at}${indent}${p.rawKey}: ${p.raw}`).join(",")}${at}}`;
}

/* A name's place among others that are sorted; at the end where they are not. */
export function insertPart(parts: (Part & { key: string })[], part: Part & { key: string }): void {
  const i = parts.findIndex((p) => p.key > part.key);
  parts.splice(i < 0 ? parts.length : i, 0, part);
}

/* value, printed over the text in which an older one stands: members that are equal keep their text, numbers their form. */
export function printOver(raw: string, value: Json, indent: string, level: number): string {
  if (sameJson(parseText(raw), value)) return raw;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return print(value, indent, level);
  const members = new Scan(raw).object();
  if (!members) return print(value, indent, level);
  const parts: (Part & { key: string })[] = [];
  for (const m of members)
    if (Object.hasOwn(value, m.key) && !parts.some((p) => p.key === m.key))
      parts.push({ key: m.key, rawKey: m.rawKey, raw: printOver(raw.slice(m.value.from, m.value.to), value[m.key]!, indent, level + 1) });
  for (const key of Object.keys(value))
    if (!parts.some((p) => p.key === key)) insertPart(parts, { key, rawKey: JSON.stringify(key), raw: print(value[key]!, indent, level + 1) });
  return printObject(parts, indent, level);
}
