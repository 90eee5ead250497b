/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of files: rows of one height, of which only those near the window are there. */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { useStore } from "../../../src/lib/store";
import { parentOf } from "../page";
import { Icon } from "../shell/icons";
import { type MenuItem, MenuButton, openMenu } from "../shell/layers";
import { addressOf } from "../shell/routes";
import { shell } from "../shell/state";
import { iconOf } from "../shell/tab-row";
import { isNotebook, openPath } from "../shell/tabs";
import { t } from "../text";
import { askRemove, askRename, copyPath, download, duplicate, move, newIn, uploadInto } from "./actions";
import { net } from "./net";
import { type Row, readFolder, refresh, reveal, rowsOf, setOpen, tree } from "./tree-state";
import { cancelUpload, uploadDropped, uploads } from "./upload";

const FINE = 26, COARSE = 44, MORE = 12;
const REFRESH_MS = 15_000;

const newItems = (folder: string): MenuItem[] => [
  { text: t.shell.newNotebook, icon: "nb", run: () => void newIn(folder, "notebook") },
  { text: t.shell.newFile, icon: "file", run: () => void newIn(folder, "file") },
  { text: t.shell.newFolder, icon: "folder", run: () => void newIn(folder, "directory") },
];

function itemsOf(row: Row): MenuItem[] {
  const folder = row.entry!.type === "directory", { path } = row;
  return [
    ...(folder ? newItems(path) : []),
    ...(folder ? [{ text: t.shell.upload, icon: "upload" as const, run: () => uploadInto(path) }] : []),
    ...(isNotebook(path) ? [{ text: t.shell.openAsText, icon: "code" as const, run: () => openPath(path, { asText: true }) }] : []),
    { text: t.shell.rename, icon: "edit", keys: ["F2"], line: folder || isNotebook(path), run: () => void askRename(path) },
    ...(folder ? [] : [{ text: t.shell.duplicate, icon: "copy" as const, run: () => void duplicate(path) }]),
    { text: t.shell.download, icon: "download", run: () => download(path, folder) },
    { text: t.shell.copyPath, icon: "copy", run: () => void copyPath(path) },
    { text: t.shell.remove, icon: "trash", keys: ["Del"], danger: true, line: true, run: () => void askRemove(path) },
  ];
}

/* Of the row that has the focus, or of the file in front. */
function folderNow(rows: readonly Row[]): string {
  const at = rows.find((r) => r.path === tree.get().focus);
  if (at?.entry) return at.entry.type === "directory" ? at.path : parentOf(at.path);
  return "";
}

function act(row: Row): void {
  if (row.entry?.type === "directory") setOpen(row.path, !row.open);
  else if (row.entry) openPath(row.path);
}

export function Tree(): JSX.Element {
  const s = useStore(tree, (x) => x);
  const front = useStore(shell, (x) => x.tabs.find((tab) => tab.id === x.active)?.path ?? null);
  const rows = useMemo(() => rowsOf(s), [s.folders, s.open, s.filter]);
  const [filtering, setFiltering] = useState(false);
  const [target, setTarget] = useState<string | null>(null); /* folder under a drag */
  useEffect(() => {
    for (const p of tree.get().open) void readFolder(p);
    const again = () => void (!document.hidden && net.get().online && refresh());
    const timer = setInterval(again, REFRESH_MS);
    addEventListener("focus", again);
    return () => {
      clearInterval(timer);
      removeEventListener("focus", again);
    };
  }, []);
  useEffect(() => {
    if (front) void reveal(front);
  }, [front]);
  const folderAt = (e: DragEvent): string => {
    const el = (e.target as Element).closest<HTMLElement>("[data-path]");
    const row = el && rows.find((r) => r.path === el.dataset.path);
    return row?.entry ? (row.entry.type === "directory" ? row.path : parentOf(row.path)) : "";
  };
  return (
    <div
      class="tree-part"
      data-drop={target !== null}
      onDragOver={(e) => {
        e.preventDefault();
        setTarget(folderAt(e));
      }}
      onDragLeave={(e) => !e.currentTarget.contains(e.relatedTarget as Node) && setTarget(null)}
      onDrop={(e) => {
        e.preventDefault();
        const folder = folderAt(e), from = e.dataTransfer?.getData("text/carrel-path");
        setTarget(null);
        if (from && parentOf(from) !== folder && folder !== from && !folder.startsWith(`${from}/`)) void move(from, folder ? `${folder}/${from.split("/").pop()!}` : from.split("/").pop()!);
        else if (!from && e.dataTransfer) void uploadDropped(folder, e.dataTransfer);
      }}
    >
      <div class="ph">
        <span>{t.shell.files}</span>
        <span class="push row tree-tools">
          <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.filter} title={t.shell.filter} aria-expanded={filtering} onClick={() => {
            setFiltering(!filtering);
            tree.set({ filter: "" });
          }}>
            <Icon name="search" />
          </button>
          <MenuButton label={t.shell.newAny} icon="plus" items={() => newItems(folderNow(rows))} />
          <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.upload} title={t.shell.upload} onClick={() => uploadInto(folderNow(rows))}>
            <Icon name="upload" />
          </button>
          <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.refresh} title={t.shell.refresh} onClick={() => void refresh()}>
            <Icon name="refresh" />
          </button>
        </span>
      </div>
      {filtering && (
        <input class="input tree-filter" type="search" aria-label={t.shell.filter} placeholder={t.shell.filter} value={s.filter} autofocus spellcheck={false} onInput={(e) => tree.set({ filter: e.currentTarget.value })} />
      )}
      <Rows rows={rows} focus={s.focus} front={front} target={target} />
      {target !== null && <p class="tree-drop small" role="status">{t.shell.dropHere(target)}</p>}
      <Uploads />
    </div>
  );
}

function Rows({ rows, focus, front, target }: { rows: readonly Row[]; focus: string | null; front: string | null; target: string | null }): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [height] = useState(() => (matchMedia("(pointer: coarse)").matches ? COARSE : FINE));
  const wanted = useRef(false); /* the focus goes to the row, for keys moved it */
  const at = rows.findIndex((r) => r.path === focus && r.entry), first = rows.findIndex((r) => r.entry);
  const stop = at >= 0 ? at : first;
  useLayoutEffect(() => {
    const el = ref.current!;
    const look = () => setView({ top: el.scrollTop, height: el.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(el);
    el.addEventListener("scroll", look, { passive: true });
    return () => {
      watch.disconnect();
      el.removeEventListener("scroll", look);
    };
  }, []);
  useLayoutEffect(() => {
    const el = ref.current!;
    if (at < 0) return;
    if (at * height < el.scrollTop) el.scrollTop = at * height;
    else if ((at + 1) * height > el.scrollTop + el.clientHeight) el.scrollTop = (at + 1) * height - el.clientHeight;
  }, [focus]);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    wanted.current = false;
    ref.current!.querySelector<HTMLElement>("[tabindex='0']")?.focus({ preventScroll: true });
  });
  const from = Math.max(0, Math.floor(view.top / height) - MORE), to = Math.min(rows.length, Math.ceil((view.top + view.height) / height) + MORE);
  const shown = rows.slice(from, to).map((row, i) => ({ row, i: from + i }));
  /* The row of the focus stays, also out of sight. */
  if (stop >= 0 && (stop < from || stop >= to)) shown.push({ row: rows[stop]!, i: stop });
  const goTo = (i: number) => {
    const step = i < stop ? -1 : 1;
    for (let k = Math.max(0, Math.min(rows.length - 1, i)); k >= 0 && k < rows.length; k += step)
      if (rows[k]!.entry) {
        wanted.current = true;
        tree.set({ focus: rows[k]!.path });
        return;
      }
  };
  const onKey = (e: KeyboardEvent) => {
    const row = rows[stop];
    if (!row?.entry || e.ctrlKey || e.metaKey || e.altKey) return;
    const folder = row.entry.type === "directory", page = Math.max(1, Math.floor(view.height / height) - 1);
    if (e.key === "ArrowDown") goTo(stop + 1);
    else if (e.key === "ArrowUp") goTo(stop - 1);
    else if (e.key === "PageDown") goTo(stop + page);
    else if (e.key === "PageUp") goTo(stop - page);
    else if (e.key === "Home") goTo(0);
    else if (e.key === "End") goTo(rows.length - 1);
    else if (e.key === "ArrowRight") folder && !row.open ? setOpen(row.path, true) : goTo(stop + 1);
    else if (e.key === "ArrowLeft") folder && row.open ? setOpen(row.path, false) : goTo(rows.findIndex((r) => r.path === parentOf(row.path)));
    else if (e.key === "Enter" || e.key === " ") act(row);
    else if (e.key === "F2") void askRename(row.path);
    else if (e.key === "Delete") void askRemove(row.path);
    else if (e.key === "ContextMenu" || (e.key === "F10" && e.shiftKey)) openMenu(t.shell.actionsOf(row.entry.name), itemsOf(row), e.target as HTMLElement);
    else if (e.key.length === 1 && e.key !== " ") {
      const hit = [...rows.slice(stop + 1), ...rows.slice(0, stop + 1)].find((r) => r.entry?.name.toLowerCase().startsWith(e.key.toLowerCase()));
      if (!hit) return;
      goTo(rows.indexOf(hit));
    } else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <div class="tree" role="tree" aria-label={t.shell.files} ref={ref} onKeyDown={onKey}>
      <div class="tree-all" role="none" style={{ height: `${rows.length * height}px` }}>
        {shown.map(({ row, i }) => (
          <TreeRow key={row.path} row={row} at={i} height={height} stop={i === stop} front={row.path === front} target={target !== null && row.path === target} />
        ))}
      </div>
    </div>
  );
}

function TreeRow({ row, at, height, stop, front, target }: { row: Row; at: number; height: number; stop: boolean; front: boolean; target: boolean }): JSX.Element {
  const style = { top: `${at * height}px`, height: `${height}px`, paddingLeft: `${8 + 16 * row.depth}px` };
  const e = row.entry;
  if (!e)
    return (
      <p class="ti tree-note t3 small" style={style} role={row.note === "error" ? "alert" : undefined}>
        {row.note === "loading" ? <span class="skel tree-skel" /> : row.note === "error" ? t.shell.folderFailed(tree.get().folders.get(row.path.split("\0")[0]!)?.error ?? "") : row.depth ? t.shell.emptyFolder : t.shell.emptyRoot}
      </p>
    );
  const folder = e.type === "directory";
  return (
    <a
      class={front ? "ti on" : "ti"}
      href={folder ? undefined : addressOf(row.path)}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-expanded={folder ? row.open : undefined}
      aria-current={front ? "page" : undefined}
      aria-selected={front}
      tabIndex={stop ? 0 : -1}
      data-path={row.path}
      data-target={target || undefined}
      style={style}
      title={e.name}
      draggable
      onDragStart={(d) => d.dataTransfer?.setData("text/carrel-path", row.path)}
      onFocus={() => tree.get().focus !== row.path && tree.set({ focus: row.path })}
      onClick={(c) => {
        if (!folder && (c.ctrlKey || c.metaKey || c.shiftKey)) return;
        c.preventDefault();
        tree.set({ focus: row.path });
        act(row);
      }}
      onContextMenu={(c) => {
        c.preventDefault();
        tree.set({ focus: row.path });
        openMenu(t.shell.actionsOf(e.name), itemsOf(row), { x: c.clientX, y: c.clientY });
      }}
    >
      <span class="tree-turn t3">{folder && <Icon name={row.open ? "down" : "right"} size="s" />}</span>
      <span class="t3">
        <Icon name={iconOf(e.name, folder)} size="s" />
      </span>
      <span class="truncate">{e.name}</span>
    </a>
  );
}

function Uploads(): JSX.Element | null {
  const all = useStore(uploads, (s) => s.all);
  if (!all.length) return null;
  return (
    <div class="tree-uploads small">
      {all.map((u) => {
        const percent = u.size ? Math.floor((100 * u.sent) / u.size) : 0;
        return (
          <div key={u.id} class="tree-upload">
            <span class="truncate" role="status">{u.waits ? t.shell.uploadWaits(u.name) : t.shell.uploading(u.name, percent)}</span>
            <button class="btn btn-icon btn-s tb-b" data-kind="quiet" type="button" aria-label={t.shell.cancelUpload(u.name)} onClick={() => cancelUpload(u.id)}>
              <Icon name="x" size="s" />
            </button>
            <span class="bar">
              <i style={{ width: `${percent}%` }} />
            </span>
          </div>
        );
      })}
    </div>
  );
}
