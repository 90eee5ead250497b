/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures, as the bytes of a blob: an SVG as a picture runs no script and loads nothing. */
import { useEffect, useState } from "preact/hooks";
import type { JsonObject } from "../model/types";
import { t } from "../text/index";
import { bytesOf } from "./download";

const PIXELS = 64 * 64;

/* White ground or none: dark theme puts it on paper. Looks at the corners and the edges' middles. */
function onPaper(img: HTMLImageElement): boolean {
  const size = Math.sqrt(PIXELS);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  if (!g) return false;
  try {
    g.drawImage(img, 0, 0, size, size);
    const points = [1, size / 2, size - 2].flatMap((x) => [1, size / 2, size - 2].map((y) => [x, y] as const)).filter(([x, y]) => x !== size / 2 || y !== size / 2);
    const light = points.filter(([x, y]) => {
      const [r, gr, b, a] = g.getImageData(x, y, 1, 1).data;
      return a! < 40 || (r! > 235 && gr! > 235 && b! > 235);
    });
    return light.length >= 6;
  } catch {
    return false;
  }
}

function useBlob(data: string, mime: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const bytes = mime === "image/svg+xml" ? data : bytesOf(data);
    if (bytes === null) {
      setUrl("");
      return;
    }
    const made = URL.createObjectURL(new Blob([bytes], { type: mime }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data, mime]);
  return url;
}

const side = (v: unknown): number | undefined => (typeof v === "number" && v > 0 && v < 20_000 ? v : undefined);

export function ImageOutput({ data, mime, metadata, alt }: { data: string; mime: string; metadata: JsonObject; alt: string }) {
  const url = useBlob(data, mime);
  const [paper, setPaper] = useState(metadata.needs_background === "light");
  const [broken, setBroken] = useState(false);
  if (url === null) return <div class="out-image" />;
  if (url === "" || broken) return <p class="out-note">{t.run.imageBroken}</p>;
  return (
    <div class="out-image" data-paper={paper ? "" : undefined}>
      <img
        src={url}
        alt={alt || t.run.image}
        width={side(metadata.width)}
        height={side(metadata.height)}
        decoding="async"
        onLoad={(e) => setPaper(metadata.needs_background === "light" || onPaper(e.currentTarget))}
        onError={() => setBroken(true)}
      />
    </div>
  );
}

export function MediaOutput({ data, mime }: { data: string; mime: string }) {
  const url = useBlob(data, mime);
  if (!url) return null;
  return mime.startsWith("audio/") ? <audio class="out-media" controls preload="metadata" src={url} /> : <video class="out-media" controls preload="metadata" src={url} />;
}
