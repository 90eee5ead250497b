/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Editing a text file. What is saved is compared with what was read by its hash: when somebody else was here
 * meanwhile, both texts are shown and nothing is overwritten unasked. What is not saved yet is not left unasked either.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Entry, nameOf, readText, saveText, stat } from "../files/api";
import { readDraft, writeDraft } from "../files/drafts";
import { EDIT_MOST } from "../files/kinds";
import { freePath } from "../files/upload";
import { ApiError } from "../lib/api";
import { type GoOn, askFirst } from "../lib/router";
import { clock, nowMs } from "../lib/time";
import { useAction } from "../lib/use";
import type { Editor } from "../preview/editor";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Dialog, toast } from "../ui/layers";
import { ErrorBanner } from "../ui/parts";

const DRAFT_MS = 1000;

interface Read {
  text: string;
  hash: string | null;
  crlf: boolean;
}

async function readFile(ws: string, path: string): Promise<Read> {
  /* The hash of what is read: taken before and after, so that a save between the two is not missed. */
  for (let n = 0; ; n++) {
    const before = await stat(ws, path);
    const whole = await readText(ws, path, EDIT_MOST);
    if (!whole) throw new ApiError(0, t.files.tooBigToEdit("2 MiB"), "", "", "", "", 0);
    const after = await stat(ws, path);
    if (before.hash === after.hash || n === 3) return { text: whole.text.replace(/\r\n/g, "\n"), hash: after.hash ?? null, crlf: whole.text.includes("\r\n") };
  }
}

export function FileEditor({ ws, entry, onDone }: { ws: string; entry: Entry; onDone: () => void }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const base = useRef<Read | null>(null);
  const [dirty, setDirty] = useState(false);
  const [said, setSaid] = useState("");
  const [theirs, setTheirs] = useState<Read | null>(null);
  const [draft, setDraft] = useState(false); /* the text is one that was kept from before */
  const [leaving, setLeaving] = useState<GoOn | null>(null);
  const later = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const action = useAction();
  const load = useAction();

  /* What is typed is kept for when the page goes away by itself. */
  const hold = () => {
    clearTimeout(later.current);
    later.current = undefined;
    if (editor.current && base.current) writeDraft(ws, entry.path, base.current.hash, editor.current.text());
  };
  const forget = () => {
    clearTimeout(later.current);
    later.current = undefined;
    if (base.current) writeDraft(ws, entry.path, base.current.hash, null);
  };
  const typed = () => {
    setDirty(true);
    later.current ??= setTimeout(hold, DRAFT_MS);
  };

  useEffect(() => {
    let gone = false;
    void load.run(async () => {
      const [m, read] = await Promise.all([import("../preview/editor"), readFile(ws, entry.path)]);
      if (gone || !box.current) return;
      base.current = read;
      const kept = readDraft(ws, entry.path, read.hash);
      const made = await m.makeEditor(box.current, entry.name, t.files.editLabel(entry.name), kept ?? read.text, typed, () => saveRef.current());
      if (gone) return made.gone();
      editor.current = made;
      if (kept === read.text) forget();
      else if (kept !== null) {
        setDirty(true);
        setDraft(true);
      }
      made.focus();
    });
    return () => {
      gone = true;
      if (later.current !== undefined) hold();
      editor.current?.gone();
      editor.current = null;
    };
  }, [ws, entry.path]);

  /* A closed tab asks first, and so does whatever leads to another page. */
  useEffect(() => {
    if (!dirty) return;
    const ask = (e: BeforeUnloadEvent) => {
      hold();
      e.preventDefault();
    };
    addEventListener("beforeunload", ask);
    const done = askFirst((goOn) => setLeaving(() => goOn));
    return () => {
      removeEventListener("beforeunload", ask);
      done();
    };
  }, [dirty]);

  const put = async (path: string, over: string | null) => {
    const text = editor.current!.text();
    const saved = await saveText(ws, path, base.current?.crlf ? text.replace(/\n/g, "\r\n") : text, over);
    return { text, hash: saved.hash ?? (await stat(ws, path)).hash ?? null };
  };
  const keep = (s: { text: string; hash: string | null }) => {
    const more = editor.current?.text() !== s.text;
    forget();
    base.current = { ...base.current!, ...s };
    if (more) hold();
    setDirty(more);
    setDraft(false);
    setTheirs(null);
    setSaid(t.files.saved(clock(nowMs())));
  };
  /* What is there now, when it is not what this text was made from; null when somebody deleted it. */
  const other = async (): Promise<Read | null> => {
    try {
      return await readFile(ws, entry.path);
    } catch (e) {
      if (e instanceof ApiError && e.status === 404) return null;
      throw e;
    }
  };
  const save = (over = base.current?.hash ?? null) =>
    action.run(async () => {
      if (!editor.current || !base.current) return;
      setSaid(t.files.saving);
      try {
        keep(await put(entry.path, over));
      } catch (e) {
        setSaid("");
        if (!(e instanceof ApiError) || e.status !== 409) throw e;
        const found = await other();
        if (!found) keep(await put(entry.path, null));
        else if (found.text === editor.current.text()) keep(found);
        else setTheirs(found);
      }
    });
  const saveRef = useRef(() => {});
  saveRef.current = () => void save();

  const beside = () =>
    action.run(async () => {
      const { listFolder, parentOf } = await import("../files/api");
      const all = new Set((await listFolder(ws, parentOf(entry.path))).map((e) => e.path));
      const path = freePath(entry.path, (p) => all.has(p));
      await put(path, null);
      forget();
      setTheirs(null);
      setDirty(false);
      toast(t.files.made(nameOf(path)));
      onDone();
    });
  const take = () => {
    forget();
    editor.current?.put(theirs!.text);
    base.current = theirs;
    setTheirs(null);
    setDraft(false);
    setDirty(false);
  };
  const dropDraft = () => {
    forget();
    editor.current?.put(base.current!.text);
    setDraft(false);
    setDirty(false);
    editor.current?.focus();
  };
  const leave = async () => {
    forget();
    setLeaving(null);
    if ((await leaving?.()) === false) hold();
  };
  return (
    <div class="stack">
      <div class="row row-wrap">
        <button class="btn btn-s" data-kind="primary" type="button" aria-busy={action.busy} onClick={() => void save()}>{t.files.save}</button>
        <button class="btn btn-s" type="button" onClick={() => (dirty ? setLeaving(() => onDone) : onDone())}>{t.files.stopEdit}</button>
        <span class="t3 small" role="status">{dirty && said !== t.files.saving ? t.files.unsaved : said}</span>
        <span class="t3 small push not-phone">{t.files.editKeys}</span>
      </div>
      <ErrorBanner error={load.error ?? action.error} />
      {draft && !theirs && (
        <div class="banner" data-kind="info" role="status">
          <Icon name="info" />
          <div class="banner-body">{t.files.draft}</div>
          <div class="actions">
            <button class="btn btn-s" type="button" onClick={dropDraft}>{t.files.dropDraft}</button>
          </div>
        </div>
      )}
      {theirs && (
        <div class="banner" data-kind="warn" role="alert">
          <div class="banner-body stack">
            <p class="strong">{t.files.conflict(entry.name)}</p>
            <p>{t.files.conflictBody}</p>
            <div class="grid cols-2">
              <Text title={t.files.theirs} text={theirs.text} />
              <Text title={t.files.yours} text={editor.current?.text() ?? ""} />
            </div>
            <div class="row row-wrap">
              <button class="btn btn-s" type="button" onClick={take}>{t.files.takeTheirs}</button>
              <button class="btn btn-s" type="button" aria-busy={action.busy} onClick={() => void save(theirs.hash)}>{t.files.keepMine}</button>
              <button class="btn btn-s" type="button" aria-busy={action.busy} onClick={() => void beside()}>{t.files.keepBoth}</button>
            </div>
          </div>
        </div>
      )}
      <div class="file-editor" ref={box} data-editor={entry.name} />
      {leaving && (
        <Dialog
          title={t.files.lost}
          onClose={() => setLeaving(null)}
          onSubmit={() => void leave()}
          foot={
            <>
              <button class="btn" type="button" onClick={() => setLeaving(null)}>{t.files.stay}</button>
              <button class="btn" data-kind="danger-fill" type="submit">{t.files.lostButton}</button>
            </>
          }
        >
          <p class="t2">{t.files.lostBody(entry.name)}</p>
        </Dialog>
      )}
    </div>
  );
}

function Text({ title, text }: { title: string; text: string }): JSX.Element {
  return (
    <div class="stack">
      <span class="eyebrow">{title}</span>
      <pre class="code file-both" tabIndex={0} aria-label={title}>{text.slice(0, 100_000)}</pre>
    </div>
  );
}
