/* SPDX-License-Identifier: Apache-2.0 */
/* A picture from its own bytes, as an <img>: in it no script runs, and a data: address has no origin to reach. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../text";

export function Picture({ mime, data, alt }: { mime: string; data: string; alt: string }): JSX.Element {
  const [broken, setBroken] = useState(false);
  if (broken) return <p class="t3 small">{t.preview.imageBroken}</p>;
  return <img class="pv-image" src={`data:${mime};base64,${data}`} alt={alt} decoding="async" onError={() => setBroken(true)} />;
}

/* SVG is text; it is shown as a picture of itself, never as elements of the page. */
export function svgData(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let raw = "";
  for (let i = 0; i < bytes.length; i += 0x8000) raw += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(raw);
}
