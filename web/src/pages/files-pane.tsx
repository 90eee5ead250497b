/* SPDX-License-Identifier: Apache-2.0 */
/* One file: its preview, its text to edit, and what can be done with it. Preview and editor are fetched when needed. */
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Entry, download, join, stat } from "../files/api";
import { readDraft } from "../files/drafts";
import { viewOf } from "../files/kinds";
import { useKeys } from "../lib/keys";
import { go } from "../lib/router";
import { size } from "../lib/size";
import { ago, atMs, nowMs } from "../lib/time";
import { useAction, useLoad } from "../lib/use";
import type { Workspace } from "../model";
import type { FileProps } from "../preview";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { OpenButton } from "../ui/open-button";
import { toast } from "../ui/layers";
import { ErrorBanner, SkeletonRows } from "../ui/parts";
import { FileEditor } from "./files-editor";
import { editable } from "./files-table";
import { FileCrumbs, filesAddress } from "./workspace-files";

function usePreview(): { View: FunctionComponent<FileProps> | null; failed: boolean; again: () => void } {
  const [state, set] = useState<{ View: FunctionComponent<FileProps> | null; failed: boolean }>({ View: null, failed: false });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let gone = false;
    import("../preview").then((m) => !gone && set({ View: m.FileView, failed: false }), () => !gone && set({ View: null, failed: true }));
    return () => void (gone = true);
  }, [turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}

export function FilePane({ w, folder, name }: { w: Workspace; folder: string; name: string }): JSX.Element {
  const path = join(folder, name);
  const entry = useLoad(() => stat(w.id, path), [w.id, path]);
  const [asText, setAsText] = useState(false);
  const [editing, setEditing] = useState(false);
  const action = useAction();
  const { View, failed, again } = usePreview();
  const back = filesAddress(w.id, folder);
  useKeys({ Escape: () => !editing && go(back), e: () => entry.data && editable(entry.data) && setEditing(true) });
  const e: Entry | null = entry.data;
  const shows = e ? viewOf(e.name) : "none";
  /* A sign-in that ended, or a reload: who was typing goes on there. */
  useEffect(() => {
    if (e && editable(e) && readDraft(w.id, path, e.hash ?? null) !== null) setEditing(true);
  }, [e]);
  return (
    <section class="section">
      <div class="section-head section-center row-wrap">
        <h2 class="vh">{name}</h2>
        <FileCrumbs w={w} folder={folder} file={name} />
        {e && (
          <span class="t3 small num nowrap">
            {size(e.size ?? 0)}
            {Number.isFinite(atMs(e.last_modified)) ? ` · ${ago(atMs(e.last_modified), nowMs())}` : ""}
          </span>
        )}
        {e && !editing && (
          <span class="push row row-wrap">
            {asText && shows !== "text" && <button class="btn btn-s" data-kind="quiet" type="button" onClick={() => setAsText(false)}>{t.preview.asPreview}</button>}
            {editable(e) && (
              <button class="btn btn-s" type="button" onClick={() => setEditing(true)}>
                <Icon name="pen" size="s" />
                {t.files.edit}
              </button>
            )}
            <button class="btn btn-s" type="button" aria-busy={action.busy} onClick={() => void action.run(() => download(w.id, path, false).then(() => toast(t.files.downloadStarted(name), "download")))}>
              <Icon name="download" size="s" />
              {t.files.download}
            </button>
            <OpenButton w={w} kind="soft" small path={path} text={w.session?.state === "running" ? t.files.open : t.files.startOpen} />
          </span>
        )}
      </div>
      {!w.session && <p class="t3 small">{t.files.free}</p>}
      <ErrorBanner error={action.error} />
      {entry.error && (entry.error.status === 404 ? <Gone name={name} back={back} /> : <ErrorBanner error={entry.error} title={t.files.failed} onRetry={entry.reload} />)}
      {failed && (
        <p>
          <button class="btn btn-s" type="button" onClick={again}>{t.preview.asPreview}</button>
        </p>
      )}
      {!e && !entry.error && entry.slow && <SkeletonRows rows={5} label={t.preview.loading} />}
      {e && !editing && View && <View ws={w.id} entry={e} asText={asText} onText={() => setAsText(true)} />}
      {e && editing && (
        <FileEditor
          ws={w.id}
          entry={e}
          onDone={() => {
            setEditing(false);
            entry.reload();
          }}
        />
      )}
    </section>
  );
}

function Gone({ name, back }: { name: string; back: string }): JSX.Element {
  return (
    <div class="card card-pad stack">
      <p class="t2">{t.files.unknown(name)}</p>
      <p>
        <a class="btn" href={back}>{t.files.back}</a>
      </p>
    </div>
  );
}
