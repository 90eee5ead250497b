/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs between nbformat's form, texts as lists of lines, and the model's, texts whole. */
import { joinLines, splitLines } from "./lines";
import type { Json, JsonObject, Output } from "./types";

type Raw = Record<string, unknown>;

const isObject = (v: unknown): v is Raw => typeof v === "object" && v !== null && !Array.isArray(v);
const isJsonMime = (mime: string): boolean => mime === "application/json" || (mime.startsWith("application/") && mime.endsWith("+json"));
const isTextMime = (mime: string): boolean => mime.startsWith("text/") || mime === "application/javascript" || mime === "image/svg+xml";

export function bundleIn(data: unknown): JsonObject {
  const all: JsonObject = {};
  if (!isObject(data)) return all;
  for (const [mime, value] of Object.entries(data)) {
    const lines = !isJsonMime(mime) && Array.isArray(value) && value.every((x) => typeof x === "string");
    Object.defineProperty(all, mime, { value: lines ? value.join("") : value, enumerable: true, configurable: true, writable: true });
  }
  return all;
}

export function bundleOut(data: JsonObject): JsonObject {
  const all: JsonObject = {};
  for (const [mime, value] of Object.entries(data)) {
    const out = isTextMime(mime) && typeof value === "string" ? splitLines(value) : value;
    Object.defineProperty(all, mime, { value: out, enumerable: true, configurable: true, writable: true });
  }
  return all;
}

const count = (v: unknown): number | null => (typeof v === "number" ? v : null);
const text = (v: unknown): string => (typeof v === "string" ? v : v === undefined || v === null ? "" : String(v));

/* Of anything: what is no output of nbformat 4 is shown as the JSON that it is. */
export function outputIn(o: unknown): Output {
  const raw = isObject(o) ? o : {};
  const metadata = isObject(raw.metadata) ? (raw.metadata as JsonObject) : {};
  switch (raw.output_type) {
    case "stream":
      return { output_type: "stream", name: text(raw.name) || "stdout", text: joinLines(raw.text) };
    case "display_data":
      return { output_type: "display_data", data: bundleIn(raw.data), metadata };
    case "execute_result":
      return { output_type: "execute_result", data: bundleIn(raw.data), metadata, execution_count: count(raw.execution_count) };
    case "error":
      return {
        output_type: "error",
        ename: text(raw.ename),
        evalue: text(raw.evalue),
        traceback: Array.isArray(raw.traceback) ? raw.traceback.map(text) : [],
      };
    default:
      return { output_type: "display_data", data: { "application/json": o as Json }, metadata: {} };
  }
}

export function outputOut(o: Output): JsonObject {
  switch (o.output_type) {
    case "stream":
      return { name: o.name, output_type: "stream", text: splitLines(o.text) };
    case "display_data":
      return { data: bundleOut(o.data), metadata: o.metadata, output_type: "display_data" };
    case "execute_result":
      return { data: bundleOut(o.data), execution_count: o.execution_count, metadata: o.metadata, output_type: "execute_result" };
    case "error":
      return { ename: o.ename, evalue: o.evalue, output_type: "error", traceback: o.traceback };
  }
}
