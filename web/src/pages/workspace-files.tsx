/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a workspace, whether it runs or not. Folder and file are in the address, so Back leads back. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Entry, download, duplicate, fitsOneDownload, join, listFolder, makeFolder, nameOf, saveText } from "../files/api";
import { type Picked, droppedOf, pickedOf } from "../files/dropped";
import { filtered, sorted, type Sort } from "../files/kinds";
import { NONE, among } from "../files/picks";
import { useUploads } from "../files/store";
import { useKeys } from "../lib/keys";
import { go, usePlace } from "../lib/router";
import { useAction, useLoad } from "../lib/use";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { MenuButton, toast } from "../ui/layers";
import { Empty, ErrorBanner, SkeletonRows } from "../ui/parts";
import { useWorkspaceActions } from "../ui/workspace-actions";
import { FilesChosen } from "./files-chosen";
import { FileDialogs, type Wish } from "./files-dialogs";
import { FilePane } from "./files-pane";
import { FilesTable } from "./files-table";
import { UploadPanel } from "./files-uploads";

const POLL_MS = 10_000;
const BLANK = `${JSON.stringify({ cells: [], metadata: { kernelspec: { display_name: "Python 3", language: "python", name: "python3" } }, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;

export function filesAddress(ws: string, folder: string, file = ""): string {
  const q = new URLSearchParams();
  if (folder) q.set("path", folder);
  if (file) q.set("file", file);
  const text = q.toString();
  return `/workspaces/${ws}/files${text ? `?${text}` : ""}`;
}

export function FilesTab({ w }: { w: Workspace }): JSX.Element {
  const { query } = usePlace();
  const q = new URLSearchParams(query);
  const folder = q.get("path") ?? "";
  const file = q.get("file");
  return file ? <FilePane key={join(folder, file)} w={w} folder={folder} name={file} /> : <Folder key={folder} w={w} folder={folder} />;
}

export function FileCrumbs({ w, folder, file }: { w: Workspace; folder: string; file?: string }): JSX.Element {
  const parts = folder.split("/").filter(Boolean);
  return (
    <nav class="crumbs file-crumbs" aria-label={t.files.crumbs}>
      {parts.length || file ? <a href={filesAddress(w.id, "")}>{t.files.home}</a> : <span aria-current="page">{t.files.home}</span>}
      {parts.map((p, i) => (
        <span class="crumb" key={i}>
          <Icon name="right" size="s" />
          {i === parts.length - 1 && !file ? <span aria-current="page">{p}</span> : <a href={filesAddress(w.id, parts.slice(0, i + 1).join("/"))}>{p}</a>}
        </span>
      ))}
      {file && (
        <span class="crumb">
          <Icon name="right" size="s" />
          <span aria-current="page">{file}</span>
        </span>
      )}
    </nav>
  );
}

function Folder({ w, folder }: { w: Workspace; folder: string }): JSX.Element {
  const list = useLoad(() => listFolder(w.id, folder), [w.id, folder, w.session?.state === "running"]);
  const [sort, setSort] = useState<Sort>({ key: "name", down: false });
  const [filter, setFilter] = useState("");
  const [wish, setWish] = useState<Wish | null>(null);
  const [dragged, setOver] = useState(0);
  const [picked, setPicks] = useState(NONE);
  const action = useAction();
  const soon = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const uploads = useUploads(w.id, (into) => {
    /* Files of an uploaded folder land by hundreds: the list is read again once. */
    if (into !== folder && folder && !into.startsWith(`${folder}/`)) return;
    clearTimeout(soon.current);
    soon.current = setTimeout(list.reload, 200);
  });
  const files = useRef<HTMLInputElement>(null);
  const folders = useRef<HTMLInputElement>(null);
  const running = w.session?.state === "running";

  useEffect(() => {
    const look = () => !document.hidden && list.poll();
    addEventListener("focus", look);
    const timer = running ? setInterval(look, POLL_MS) : undefined;
    return () => {
      removeEventListener("focus", look);
      clearInterval(timer);
    };
  }, [running, folder]);
  useKeys({ "/": () => document.getElementById("file-filter")?.focus(), u: () => files.current?.click() });

  const put = (picked: Picked[]) => never ? toast(t.files.startFirst, "alert") : uploads.add(picked.map((p) => ({ path: join(folder, p.path), source: p.file })));
  const chosen = (e: Event) => {
    const input = e.currentTarget as HTMLInputElement;
    if (input.files?.length) put(pickedOf(input.files));
    input.value = "";
  };
  const onDrop = (e: DragEvent) => {
    e.preventDefault();
    setOver(0);
    if (e.dataTransfer) void droppedOf(e.dataTransfer).then(put);
  };
  const carries = (e: DragEvent) => !!e.dataTransfer?.types.includes("Files");
  const get = (e: Entry) => void action.run(() => download(w.id, e.path, e.type === "directory").then(() => toast(t.files.downloadStarted(e.name), "download")));
  const copy = (e: Entry) => void action.run(async () => {
    const made = await duplicate(w.id, e.path);
    toast(t.files.copied(made.name));
    list.reload();
  });
  const entries = list.data ?? [];
  const never = isNew(list.error) && !w.session && !w.last_session;
  const over = never ? 0 : dragged;
  const rows = sorted(filtered(entries, filter), sort);
  const picks = among(picked, rows);
  const many = rows.filter((e) => picks.names.has(e.name));
  const getMany = () => {
    if (many.length === 1) return get(many[0]!);
    const only = many.length === entries.length ? [] : many.map((e) => e.name);
    if (!fitsOneDownload(folder, only)) return toast(t.files.tooManyAtOnce, "alert");
    void action.run(() => download(w.id, folder, true, only).then(() => toast(t.files.downloadStarted(nameOf(folder) || w.name), "download")));
  };
  const undone = (undo: () => Promise<string>) => void action.run(() => undo().then((said) => toast(said)).finally(list.reload));

  return (
    <section
      class="section files"
      data-over={over > 0 ? "true" : undefined}
      onDragEnter={(e) => carries(e) && (e.preventDefault(), setOver(dragged + 1))}
      onDragOver={(e) => carries(e) && e.preventDefault()}
      onDragLeave={(e) => carries(e) && setOver(Math.max(0, dragged - 1))}
      onDrop={onDrop}
    >
      <div class="section-head section-center row-wrap">
        <h2 class="vh">{t.files.title}</h2>
        <FileCrumbs w={w} folder={folder} />
        {!never && <span class="push row file-tools">
          <span class="affix">
            <Icon name="search" />
            <input class="input file-filter" id="file-filter" type="search" value={filter} placeholder={t.files.filter} aria-label={t.files.filter} onInput={(e) => setFilter(e.currentTarget.value)} />
          </span>
          <span class="btn-join">
            <button class="btn" type="button" onClick={() => files.current?.click()}>
              <Icon name="upload" size="s" />
              {t.files.upload}
            </button>
            <MenuButton label={t.files.uploadFolder} icon="down" items={[{ text: t.files.uploadFiles, icon: "file", run: () => files.current?.click() }, { text: t.files.uploadFolder, icon: "folder", run: () => folders.current?.click() }]} />
          </span>
          <MenuButton
            label={t.files.make}
            icon="plus"
            text={t.files.make}
            items={[
              { text: t.files.makeNotebook, icon: "notebook", run: () => setWish({ kind: "make", what: "notebook" }) },
              { text: t.files.makeText, icon: "file", run: () => setWish({ kind: "make", what: "text" }) },
              { text: t.files.makeFolder, icon: "folder", run: () => setWish({ kind: "make", what: "folder" }) },
            ]}
          />
        </span>}
      </div>
      <input ref={files} id="file-input" type="file" multiple hidden onChange={chosen} />
      <input ref={(el) => {
        folders.current = el;
        if (el) el.webkitdirectory = true;
      }} id="folder-input" type="file" hidden onChange={chosen} />
      {!w.session && !never && <p class="t3 small">{t.files.free}</p>}
      <UploadPanel ws={w.id} uploads={uploads} folder={folder} entries={entries} />
      <ErrorBanner error={action.error} />
      {never ? <NeverStarted w={w} /> : <ErrorBanner error={list.error} title={t.files.failed} onRetry={list.reload} />}
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={6} label={t.files.starting} />
        </div>
      )}
      {list.data && !rows.length && (
        <div class="card">
          {filter ? (
            <Empty art="search" title={t.files.noHits(filter)} body={t.files.noHitsBody}>
              <button class="btn" type="button" onClick={() => setFilter("")}>{t.clear}</button>
            </Empty>
          ) : (
            <Empty art="list" title={t.files.empty} body={t.files.emptyBody}>
              <button class="btn" data-kind="primary" type="button" onClick={() => files.current?.click()}>
                <Icon name="upload" />
                {t.files.upload}
              </button>
            </Empty>
          )}
        </div>
      )}
      {many.length > 0 && (
        <FilesChosen
          chosen={many}
          busy={action.busy}
          onDownload={getMany}
          onMove={() => setWish({ kind: "move", entries: many })}
          onRemove={() => setWish({ kind: "remove", entries: many })}
          onClear={() => setPicks(NONE)}
        />
      )}
      {rows.length > 0 && (
        <FilesTable w={w} folder={folder} rows={rows} all={entries.length} sort={sort} onSort={setSort} stale={!!list.error} onWish={setWish} onDownload={get} onCopy={copy} picks={picks} onPicks={setPicks} />
      )}
      {over > 0 && <p class="file-drop" aria-hidden="true">{t.files.drop}</p>}
      <FileDialogs
        w={w}
        folder={folder}
        wish={wish}
        taken={(name) => entries.some((e) => e.name === name)}
        onClose={() => setWish(null)}
        onDone={(said, open, undo) => {
          setWish(null);
          setPicks(NONE);
          if (undo) toast(said, "trash", { text: t.files.undo, run: () => undone(undo) });
          else if (said) toast(said);
          if (open) go(filesAddress(w.id, folder, nameOf(open)));
          else list.reload();
        }}
        make={async (what, name) => {
          const path = join(folder, name);
          if (what === "folder") return makeFolder(w.id, path);
          return saveText(w.id, path, what === "notebook" ? BLANK : "", null);
        }}
      />
    </section>
  );
}

/* A volume is made at the first start: before it there is nothing to look at. */
export function isNew(e: { status: number } | null): boolean {
  return e?.status === 409;
}

export function NeverStarted({ w }: { w: Workspace }): JSX.Element {
  const acts = useWorkspaceActions();
  return (
    <div class="card">
      <Empty art="desk" title={t.files.never} body={t.files.neverBody}>
        <button class="btn" data-kind="primary" type="button" aria-busy={acts.busy === w.id} onClick={() => void acts.start(w)}>
          <Icon name="play" />
          {t.act.start}
        </button>
      </Empty>
      {acts.dialogs}
    </div>
  );
}
