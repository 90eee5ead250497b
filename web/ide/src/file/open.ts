/* SPDX-License-Identifier: Apache-2.0 */
/* From a path to an open file, with what was not saved in it the last time. */
import { NotebookError } from "../model/nbformat";
import type { OpenNotebook, OpenText } from "../model/types";
import { nameOf } from "../page";
import { askUser } from "../shell/layers";
import { languageReady, t } from "../text";
import { type TextFile, look, readText } from "./contents";
import { type Draft, draftsOf, drop, setAside } from "./drafts";
import { HttpError } from "./http";
import { noted } from "./net";
import { NotebookFile, merging } from "./notebook-file";
import { type Trouble, TroubleError } from "./trouble";

export type Opened = { kind: "notebook"; file: OpenNotebook } | { kind: "text"; file: OpenText };

async function troubleOf(e: unknown, path: string): Promise<Trouble> {
  if (e instanceof NotebookError) return e.what;
  if (!(e instanceof HttpError)) return { kind: "other", why: e instanceof Error ? e.message : String(e) };
  if (e.status === 404) return { kind: "missing" };
  if (e.offline) return { kind: "offline" };
  if (e.status === 400 && e.reason === "bad format") return { kind: "binary" };
  if (e.status === 413) return { kind: "large", bytes: (await look(path).catch(() => null))?.size ?? 0 };
  return { kind: "other", why: e.message };
}

/* A draft of another file, which had this name: without an answer it waits for the next time. */
async function wanted(d: Draft): Promise<boolean> {
  const answer = await askUser({
    title: t.shell.oldDraft(nameOf(d.path)),
    body: t.shell.oldDraftBody,
    buttons: [{ text: t.shell.discard, value: "drop" }, { text: t.shell.bringIn, value: "in", kind: "primary" }],
  });
  if (answer?.value === "drop") drop(d.tab, d.path);
  if (!answer) await setAside(d);
  return answer?.value === "in";
}

async function fitting(drafts: readonly Draft[], file: TextFile, notebook: boolean): Promise<Draft[]> {
  const { isOf } = await import("./kinship"), fit: Draft[] = [];
  for (const d of drafts)
    if (typeof d.data === "object" && d.data !== null && "order" in d.data === notebook && (isOf(d, file, notebook) || (await wanted(d)))) fit.push(d);
  return fit;
}

const isNotebook = (path: string): boolean => path.toLowerCase().endsWith(".ipynb");

/* Throws a TroubleError. */
export async function openDocument(path: string, asText: boolean): Promise<Opened> {
  try {
    const notebook = isNotebook(path) && !asText;
    const [file, drafts, text] = await Promise.all([readText(path), draftsOf(path), notebook ? null : import("./text-file"), languageReady.catch(() => undefined)]);
    const fit = drafts.length ? await fitting(drafts, file, notebook) : [];
    if (notebook && fit.length) await merging.get();
    return text ? { kind: "text", file: new text.TextDocument(file, fit) } : { kind: "notebook", file: new NotebookFile(file, fit) };
  } catch (e) {
    noted(e);
    throw new TroubleError(await troubleOf(e, path));
  }
}
