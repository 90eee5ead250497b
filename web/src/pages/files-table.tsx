/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of a folder. Long lists scroll in a box of their own, and only what is near to be seen is made. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Entry, join } from "../files/api";
import { EDIT_MOST, type Sort, type SortKey, viewOf } from "../files/kinds";
import { type Picks, NONE, allOf, extended, toggled } from "../files/picks";
import { useKeys } from "../lib/keys";
import { go } from "../lib/router";
import { size } from "../lib/size";
import { ago, atMs, nowMs } from "../lib/time";
import { useWindow } from "../lib/window";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon, type IconName } from "../ui/icons";
import { MenuButton, type MenuItem } from "../ui/layers";
import type { Wish } from "./files-dialogs";
import { filesAddress } from "./workspace-files";

const WINDOWED = 150;
const COARSE = typeof matchMedia === "function" && matchMedia("(pointer: coarse)").matches;
const NARROW = typeof matchMedia === "function" && matchMedia("(max-width: 760px)").matches;

function iconOf(e: Entry): IconName {
  if (e.type === "directory") return "folder";
  return viewOf(e.name) === "notebook" ? "notebook" : "file";
}

export interface TableProps {
  w: Workspace;
  folder: string;
  rows: Entry[];
  all: number;
  sort: Sort;
  stale: boolean;
  onSort: (s: Sort) => void;
  onWish: (x: Wish) => void;
  onDownload: (e: Entry) => void;
  onCopy: (e: Entry) => void;
  picks: Picks;
  onPicks: (p: Picks) => void;
}

export function FilesTable(p: TableProps): JSX.Element {
  const { rows, folder, w } = p;
  const long = rows.length > WINDOWED;
  const height = NARROW ? 58 : COARSE ? 52 : 40;
  const win = useWindow(rows.length, height);
  const at = useRef(-1);
  const [from, to] = long ? [win.from, win.to] : [0, rows.length];
  const chosen = rows.filter((r) => p.picks.names.has(r.name));
  const address = (e: Entry) => (e.type === "directory" ? filesAddress(w.id, join(folder, e.name)) : filesAddress(w.id, folder, e.name));

  const focus = (index: number) => {
    const to_ = Math.max(0, Math.min(rows.length - 1, index));
    at.current = to_;
    if (long) win.reveal(to_);
    /* At once where the row is there: whoever types fast goes on from it. */
    const row = () => document.getElementById(`file-${to_}`);
    if (row()) row()!.focus({ preventScroll: long });
    else requestAnimationFrame(() => requestAnimationFrame(() => row()?.focus({ preventScroll: long })));
  };
  const onKey = (e: KeyboardEvent) => {
    const index = (e.target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index;
    if (index === undefined || !(e.target as HTMLElement).classList.contains("name")) return;
    const i = Number(index);
    const moves: Record<string, number> = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: rows.length - 1, PageDown: i + 12, PageUp: i - 12 };
    if (e.key in moves) {
      if (e.shiftKey && e.key.startsWith("Arrow")) p.onPicks(extended(p.picks, rows, i, moves[e.key]!));
      focus(moves[e.key]!);
    }
    else if (e.key === "F2") p.onWish({ kind: "rename", entry: rows[i]! });
    else if (e.key === "Delete") p.onWish({ kind: "remove", entries: p.picks.names.has(rows[i]!.name) ? chosen : [rows[i]!] });
    else if (e.key === " ") p.onPicks(toggled(p.picks, rows, rows[i]!.name, e.shiftKey));
    else if (e.key.toLowerCase() === "a" && (e.ctrlKey || e.metaKey)) p.onPicks(allOf(NONE, rows));
    else if (e.key === "Backspace" && folder) go(filesAddress(w.id, folder.split("/").slice(0, -1).join("/")));
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  useKeys({
    x: () => rows[at.current] && p.onPicks(toggled(p.picks, rows, rows[at.current]!.name, false)),
    "Ctrl A": () => p.onPicks(allOf(NONE, rows)),
    ...(p.picks.names.size ? { Escape: () => p.onPicks(NONE) } : {}),
    j: () => focus(at.current + 1), k: () => focus(at.current - 1), ArrowDown: () => focus(at.current + 1), ArrowUp: () => focus(at.current - 1), "g g": () => focus(0),
  });

  return (
    <div class="table-frame" data-stale={p.stale ? "true" : undefined}>
      <div class={long ? "file-box file-long" : "file-box"} ref={win.box}>
        <table class="table table-cards file-table" aria-label={t.files.list(folder || t.files.home)} aria-rowcount={rows.length + 1} onKeyDown={onKey}>
          <thead>
            <tr>
              <th scope="col" class="choose">
                <input type="checkbox" aria-label={t.lists.chooseAll} checked={chosen.length === rows.length} onClick={() => p.onPicks(allOf(p.picks, rows))} />
              </th>
              <Head {...p} by="name" text={t.files.name} />
              <Head {...p} by="size" text={t.files.size} right />
              <Head {...p} by="changed" text={t.files.changed} />
              <th scope="col"><span class="vh">{t.files.actions}</span></th>
            </tr>
          </thead>
          <tbody>
            {from > 0 && <tr aria-hidden="true" class="file-space"><td colSpan={5} style={{ height: `${from * height}px` }} /></tr>}
            {rows.slice(from, to).map((e, i) => (
              <Row key={e.name} e={e} index={from + i} href={address(e)} fixed={long} p={p} onFocus={() => (at.current = from + i)} />
            ))}
            {to < rows.length && <tr aria-hidden="true" class="file-space"><td colSpan={5} style={{ height: `${(rows.length - to) * height}px` }} /></tr>}
          </tbody>
        </table>
      </div>
      <div class="table-foot num">
        {rows.length < p.all ? t.files.found(rows.length, p.all) : t.files.count(p.all)}
      </div>
    </div>
  );
}

function Head({ by, text, right, sort, onSort }: TableProps & { by: SortKey; text: string; right?: boolean }): JSX.Element {
  const mine = sort.key === by;
  return (
    <th scope="col" class={right ? "n" : undefined} aria-sort={mine ? (sort.down ? "descending" : "ascending") : undefined}>
      <button class="sort" type="button" onClick={() => onSort({ key: by, down: mine ? !sort.down : by !== "name" })}>
        {text}
        {mine && <Icon name={sort.down ? "down" : "up"} size="s" />}
      </button>
    </th>
  );
}

function Row({ e, index, href, fixed, p, onFocus }: { e: Entry; index: number; href: string; fixed: boolean; p: TableProps; onFocus: () => void }): JSX.Element {
  const folder = e.type === "directory";
  const changed = atMs(e.last_modified);
  const chosen = p.picks.names.has(e.name);
  const choose = (range: boolean) => p.onPicks(toggled(p.picks, p.rows, e.name, range));
  const items: MenuItem[] = [
    { text: chosen ? t.files.unchoose : t.files.choose, icon: "check", run: () => choose(false) },
    { text: t.files.open, icon: folder ? "folder" : "search", run: () => go(href) },
    { text: folder ? t.files.downloadFolder : t.files.download, icon: "download", run: () => p.onDownload(e) },
    { text: t.files.rename, icon: "pen", run: () => p.onWish({ kind: "rename", entry: e }) },
    { text: t.files.move, icon: "right", run: () => p.onWish({ kind: "move", entries: [e] }) },
    ...(folder ? [] : [{ text: t.files.duplicate, icon: "copy" as const, run: () => p.onCopy(e) }]),
    { text: t.files.remove, icon: "trash", danger: true, line: true, run: () => p.onWish({ kind: "remove", entries: [e] }) },
  ];
  return (
    <tr data-index={index} aria-rowindex={index + 2} class={fixed ? "file-fixed" : undefined} aria-selected={chosen}>
      <td class="choose">
        <input type="checkbox" checked={chosen} aria-label={t.lists.choose(e.name)} onClick={(ev) => choose(ev.shiftKey)} />
      </td>
      <td class="file-name">
        <div class="row">
          <Icon name={iconOf(e)} />
          <a class="name truncate" id={`file-${index}`} href={href} title={e.name} onFocus={onFocus}>{e.name}</a>
        </div>
      </td>
      <td class="n t2 num file-size">{folder || e.size === null ? "" : size(e.size)}</td>
      <td class="t3 nowrap hide">{Number.isFinite(changed) ? ago(changed, nowMs()) : ""}</td>
      <td class="n file-more">
        <MenuButton label={t.files.more(e.name)} items={items} />
      </td>
    </tr>
  );
}

export function editable(e: Entry): boolean {
  return e.type !== "directory" && viewOf(e.name) !== "none" && viewOf(e.name) !== "image" && viewOf(e.name) !== "notebook" && (e.size ?? 0) <= EDIT_MOST;
}
