/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is asked about: its name, where it goes, whether it goes. A delete says what is lost. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Disk, type Entry, isTaken, join, move, readDisk, removeFile, restore } from "../files/api";
import { nameFault } from "../files/kinds";
import { size } from "../lib/size";
import { useAction } from "../lib/use";
import type { Workspace } from "../model";
import { t } from "../text";
import { ActionDialog } from "../ui/action-dialog";
import { FieldError } from "../ui/parts";

export type What = "folder" | "notebook" | "text";
export type Wish = { kind: "make"; what: What } | { kind: "rename"; entry: Entry } | { kind: "move"; entries: Entry[] } | { kind: "remove"; entries: Entry[] };

interface Props {
  w: Workspace;
  folder: string;
  wish: Wish | null;
  taken: (name: string) => boolean;
  make: (what: What, name: string) => Promise<Entry>;
  onClose: () => void;
  onDone: (said: string, open?: string, undo?: () => Promise<string>) => void;
}

export function FileDialogs(p: Props): JSX.Element | null {
  const { wish } = p;
  if (!wish) return null;
  if (wish.kind === "remove") return <Remove {...p} entries={wish.entries} />;
  if (wish.kind === "move") return <Move {...p} entries={wish.entries} />;
  return <Naming {...p} naming={wish} />;
}

function Naming({ w, folder, naming: wish, taken, make, onClose, onDone }: Props & { naming: Exclude<Wish, { entries: Entry[] }> }): JSX.Element {
  const renaming = wish.kind === "rename" ? wish.entry : null;
  const what = wish.kind === "make" ? wish.what : "text";
  const [name, setName] = useState(renaming?.name ?? t.files.suggestion[what]!);
  const [wrong, setWrong] = useState("");
  const action = useAction();
  useEffect(() => {
    const field = document.getElementById("file-name") as HTMLInputElement | null;
    field?.focus();
    const dot = name.lastIndexOf(".");
    field?.setSelectionRange(0, dot > 0 ? dot : name.length);
  }, []);
  const run = async () => {
    let plain = name.trim();
    if (wish.kind === "make" && what === "notebook" && plain && !/\.ipynb$/i.test(plain)) plain += ".ipynb";
    const fault = nameFault(plain);
    if (renaming && plain === renaming.name) return onClose();
    if (fault || taken(plain)) {
      setWrong(fault ? t.files.fault[fault]! : t.files.taken(plain));
      document.getElementById("file-name")?.focus();
      return;
    }
    setWrong("");
    let made: Entry | null = null;
    const ok = await action.run(async () => {
      try {
        made = renaming ? await move(w.id, renaming.path, join(folder, plain)) : await make(what, plain);
      } catch (e) {
        if (isTaken(e)) setWrong(t.files.taken(plain));
        throw e;
      }
    });
    if (ok) onDone(renaming ? t.files.renamed(plain) : t.files.made(plain), !renaming && what !== "folder" ? made!.path : undefined);
  };
  return (
    <ActionDialog title={renaming ? t.files.renameTitle(renaming.name) : t.files.makeTitle[what]!} verb={renaming ? t.files.rename : t.files.makeButton} action={action} run={run} onClose={onClose} told={!!wrong}>
      <div class="field">
        <label class="label" for="file-name">{renaming ? t.files.newName : t.files.name}</label>
        <input class="input" id="file-name" value={name} autocomplete="off" spellcheck={false} aria-invalid={!!wrong} aria-describedby="file-name-e" onInput={(e) => setName(e.currentTarget.value)} />
        <FieldError id="file-name-e" text={wrong} />
      </div>
    </ActionDialog>
  );
}

/* One after the other; what could not be done is said, and the rest may be tried again. */
async function each(entries: Entry[], left: { now: Entry[] }, one: (e: Entry) => Promise<unknown>): Promise<void> {
  left.now = [...entries];
  while (left.now.length) {
    await one(left.now[0]!);
    left.now.shift();
  }
}

function Move({ w, folder, entries, onClose, onDone }: Props & { entries: Entry[] }): JSX.Element {
  const [to, setTo] = useState(folder);
  const [wrong, setWrong] = useState("");
  const [left] = useState({ now: entries });
  const action = useAction();
  const name = entries.length === 1 ? entries[0]!.name : "";
  const run = async () => {
    const target = to.split("/").map((x) => x.trim()).filter(Boolean).join("/");
    if (target === folder) return onClose();
    setWrong("");
    const ok = await action.run(async () => {
      try {
        await each(left.now, left, (e) => move(w.id, e.path, join(target, e.name)));
      } catch (e) {
        if (isTaken(e)) setWrong(t.files.taken(left.now[0]!.name));
        throw e;
      }
    });
    if (ok) onDone(name ? t.files.moved(name, target || t.files.root) : t.files.movedMany(entries.length, target || t.files.root));
  };
  const end = () => (left.now.length < entries.length ? onDone("") : onClose());
  return (
    <ActionDialog title={name ? t.files.moveTitle(name) : t.files.moveMany(entries.length)} verb={t.files.move} action={action} run={run} onClose={end} told={!!wrong}>
      <div class="field">
        <label class="label" for="move-to">{t.files.moveTo}</label>
        <input class="input mono" id="move-to" value={to} autocomplete="off" spellcheck={false} autofocus aria-invalid={!!wrong} aria-describedby="move-to-e" onInput={(e) => setTo(e.currentTarget.value)} />
        {wrong ? <FieldError id="move-to-e" text={wrong} /> : <p class="hint" id="move-to-e">{t.files.moveHint}</p>}
      </div>
    </ActionDialog>
  );
}

/* What is lost, in one sentence; null while it is counted. */
function useLoss(w: Workspace, entries: Entry[]): string | null {
  const one = entries.length === 1 ? entries[0]! : null;
  const folder = one?.type === "directory";
  const [disk, setDisk] = useState<Disk | null>(null);
  useEffect(() => {
    let gone = false;
    if (folder) readDisk(w.id, one.path, 200).then((d) => !gone && setDisk(d), () => undefined);
    return () => void (gone = true);
  }, []);
  if (!one) {
    const folders = entries.filter((e) => e.type === "directory").length;
    return t.files.removeManyBody(entries.length - folders, size(entries.reduce((a, e) => a + (e.size ?? 0), 0)), folders);
  }
  if (!folder) return t.files.removeFile(size(one.size ?? 0));
  const files = disk ? disk.items.reduce((a, i) => a + (i.type === "directory" ? i.files : 1), 0) : 0;
  return disk && (disk.truncated ? t.files.removeAtLeast : t.files.removeFolder)(files, size(disk.bytes));
}

function Remove({ w, entries, onClose, onDone }: Props & { entries: Entry[] }): JSX.Element {
  const action = useAction();
  const loss = useLoss(w, entries);
  const [left] = useState({ now: entries });
  const name = entries.length === 1 ? entries[0]!.name : "";
  const gone = () => entries.filter((e) => !left.now.includes(e));
  const said = (n: number) => (name ? t.files.removed(name) : t.files.removedMany(n));
  const undo = (all: Entry[]) => async () => {
    for (const e of all) await restore(w.id, e.path);
    return name ? t.files.restored(name) : t.files.restoredMany(all.length);
  };
  const end = () => (gone().length ? onDone(said(gone().length), undefined, undo(gone())) : onClose());
  const run = async () => {
    if (await action.run(() => each(left.now, left, (e) => removeFile(w.id, e.path)))) end();
  };
  return (
    <ActionDialog title={name ? t.files.removeTitle(name) : t.files.removeMany(entries.length)} verb={t.files.removeButton} kind="danger-fill" action={action} run={run} onClose={end} focus>
      <p class="t2 num" role="status">{loss ?? t.files.removeCounting}</p>
      <p class="t2">{t.files.removeTrash}</p>
    </ActionDialog>
  );
}
