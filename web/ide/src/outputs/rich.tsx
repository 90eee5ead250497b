/* SPDX-License-Identifier: Apache-2.0 */
/* A display or a result, in the richest of its forms. */
import { useMemo } from "preact/hooks";
import type { Kernel } from "../kernel/types";
import type { JsonObject, OpenNotebook, Output } from "../model/types";
import { t } from "../text/index";
import { bytesOf, saveBlob, sizeText } from "./download";
import { FrameOutput } from "./frame";
import { HtmlOutput } from "./html";
import { ImageOutput, MediaOutput } from "./image";
import { JsonOutput } from "./json";
import { MarkdownOutput, MathOutput } from "./lazy";
import { formOf } from "./mime";
import { Plain } from "./plain";
import { WidgetOutput } from "./widget";

type Display = Output & { data: JsonObject; metadata: JsonObject };
const FRAME_MAX = 64 << 20; /* characters that a frame is given */

export interface RichProps {
  output: Display;
  file: OpenNotebook;
  kernel: Kernel;
  cell: string;
}

function Unknown({ mime, value }: { mime: string; value: unknown }) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const bytes = typeof value === "string" && !mime.startsWith("text/") ? bytesOf(value) : null;
  const blob = () => new Blob([bytes ?? text], { type: "application/octet-stream" });
  const name = `output.${(mime.split("/")[1] ?? "bin").replace(/[^\w]/g, "-").slice(0, 40)}`;
  return (
    <div class="out-note">
      <span>{t.run.unknownType(mime.slice(0, 100), sizeText(bytes?.length ?? text.length))}</span>
      <button type="button" class="btn btn-s" onClick={() => saveBlob(blob(), name)}>
        {t.run.download}
      </button>
    </div>
  );
}

export function Rich({ output, file, kernel, cell }: RichProps) {
  const { data, metadata } = output;
  const form = useMemo(() => formOf(data), [data]);
  if (form.as === "none") return <p class="out-note t3">{t.run.noType}</p>;
  const value = data[form.mime];
  const text = typeof value === "string" ? value : "";
  const own = (metadata[form.mime] ?? metadata) as JsonObject;
  const name = `${file.path} ${cell} ${form.mime}`;
  if (text.length > FRAME_MAX && ["frame", "script"].includes(form.as)) {
    return <p class="out-note">{t.run.frameFailed(form.mime, t.run.frameTooLarge)}</p>;
  }
  switch (form.as) {
    case "widget": {
      const id = (value as JsonObject | null)?.model_id;
      return typeof id === "string" ? <WidgetOutput model={id} file={file} kernel={kernel} name={name} /> : <Unknown mime={form.mime} value={value} />;
    }
    case "plotly":
    case "vega":
      return <FrameOutput kind={form.as} data={value} name={name} />;
    case "frame":
      return <FrameOutput kind="html" data={text} name={name} />;
    case "script":
      return <FrameOutput kind="javascript" data={text} name={name} />;
    case "html":
      return <HtmlOutput html={text} />;
    case "markdown":
      return <MarkdownOutput source={text} />;
    case "image":
      return <ImageOutput data={text} mime={form.mime} metadata={own ?? {}} alt={typeof data["text/plain"] === "string" ? data["text/plain"].slice(0, 200) : ""} />;
    case "math":
      return <MathOutput source={text} />;
    case "json":
      return <JsonOutput value={value!} expanded={own?.expanded === true} />;
    case "media":
      return <MediaOutput data={text} mime={form.mime} />;
    case "text":
      return <Plain text={text} output={output} />;
    default:
      return <Unknown mime={form.mime} value={value} />;
  }
}
