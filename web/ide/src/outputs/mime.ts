/* SPDX-License-Identifier: Apache-2.0 */
/* Which of an output's forms is shown: the richest that can be. */
import type { JsonObject } from "../model/types";

export const WIDGET = "application/vnd.jupyter.widget-view+json";
const VEGA = /^application\/vnd\.vega(?:lite)?\.v\d+(?:\.\d+)*\+json$/;
const IMAGES = ["image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"];

export type Form =
  | { as: "widget"; mime: string }
  | { as: "plotly" | "vega" | "frame" | "html" | "markdown" | "image" | "math" | "json" | "script" | "media" | "text" | "unknown"; mime: string }
  | { as: "none" };

export function formOf(data: JsonObject): Form {
  const all = Object.keys(data);
  const has = (mime: string): boolean => data[mime] !== undefined && data[mime] !== null;
  if (has(WIDGET)) return { as: "widget", mime: WIDGET };
  if (has("application/vnd.plotly.v1+json")) return { as: "plotly", mime: "application/vnd.plotly.v1+json" };
  const vega = all.find((m) => VEGA.test(m));
  if (vega) return { as: "vega", mime: vega };
  if (typeof data["text/html"] === "string") return { as: needsFrame(data["text/html"]) ? "frame" : "html", mime: "text/html" };
  if (typeof data["text/markdown"] === "string") return { as: "markdown", mime: "text/markdown" };
  const image = IMAGES.find((m) => typeof data[m] === "string");
  if (image) return { as: "image", mime: image };
  if (typeof data["text/latex"] === "string") return { as: "math", mime: "text/latex" };
  if (has("application/json")) return { as: "json", mime: "application/json" };
  if (typeof data["application/javascript"] === "string") return { as: "script", mime: "application/javascript" };
  const media = all.find((m) => /^(?:audio|video)\/[\w.+-]+$/.test(m) && typeof data[m] === "string");
  if (media) return { as: "media", mime: media };
  const other = all.find((m) => m !== "text/plain");
  if (typeof data["text/plain"] === "string") return { as: "text", mime: "text/plain" };
  return other ? { as: "unknown", mime: other } : { as: "none" };
}

/* Pandas' own style, which ours takes the place of. */
const PANDAS_STYLE = /<style scoped>[^<]*\.dataframe[^<]*<\/style>/g;
const ALIGN = /\sstyle="text-align: (?:right|left|center);"/g;
const ACTIVE = /<(?:script|style|iframe|frame|object|embed|form|input|button|select|textarea|svg|canvas|video|audio|link|base|meta|math|template|body|html|head)\b|\son[a-z]+\s*=|\sstyle\s*=|javascript:/i;

/* What purifying would take something away from that the author meant to be seen. */
export function needsFrame(html: string): boolean {
  return ACTIVE.test(html.replace(PANDAS_STYLE, "").replace(ALIGN, ""));
}
