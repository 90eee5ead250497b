/* SPDX-License-Identifier: Apache-2.0 */
/* One workspace: what runs and what it costs, first; tabs are addresses. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { openInTab } from "../actions";
import { useKeys } from "../lib/keys";
import { go } from "../lib/router";
import { useStore } from "../lib/store";
import { atMs, day } from "../lib/time";
import { useNow } from "../lib/use";
import { live } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { OpenButton } from "../ui/open-button";
import { SkeletonRows, WorkspacePill } from "../ui/parts";
import { usePage } from "../ui/shell";
import { type WorkspaceActions, useWorkspaceActions } from "../ui/workspace-actions";
import { imageName } from "../words";
import { NotFound } from "./errors";
import { EnvironmentTab } from "./workspace-environment";
import { FilesTab } from "./workspace-files";
import { LogsTab } from "./workspace-logs";
import { Overview } from "./workspace-overview";
import { SessionsTab } from "./workspace-sessions";
import { SettingsTab } from "./workspace-settings";

const tabs = (): [string, string][] => [
  ["overview", t.ws.overview],
  ["files", t.files.title],
  ["sessions", t.ws.sessions],
  ["environment", t.env.title],
  ["logs", t.ws.logs],
  ["settings", t.ws.settings],
];

export function WorkspacePage({ id, tab }: { id: string; tab: string }): JSX.Element {
  const all = useStore(live, (s) => s.workspaces);
  const w = all?.find((x) => x.id === id);
  if (!all) return <SkeletonRows rows={4} label={t.loading} />;
  return w ? <Page w={w} tab={tab} /> : <NotFound />;
}

function Page({ w, tab }: { w: Workspace; tab: string }): JSX.Element {
  const now = useNow();
  const images = useStore(live, (s) => s.images);
  const acts = useWorkspaceActions({ removed: () => go("/workspaces", { replace: true }) });
  usePage([{ text: t.list.title, href: "/workspaces" }, { text: w.name }]);
  useKeys({
    s: () => (w.session ? acts.askStop(w) : void acts.start(w)),
    e: () => w.session?.state === "running" && void acts.extend(w),
    Enter: () => w.session?.state === "running" && openInTab(w),
  });
  /* On a phone the tabs scroll: the one that is open is in sight. */
  useEffect(() => {
    const el = document.getElementById(`tab-${tab}`);
    const row = el?.parentElement;
    if (el && row) row.scrollLeft = el.offsetLeft - row.offsetLeft - (row.clientWidth - el.offsetWidth) / 2;
  }, [tab]);
  const href = (k: string) => (k === "overview" ? `/workspaces/${w.id}` : `/workspaces/${w.id}/${k}`);
  const onTabKey = (e: KeyboardEvent) => {
    const at = tabs().findIndex(([k]) => k === tab);
    const to = e.key === "ArrowRight" ? at + 1 : e.key === "ArrowLeft" ? at - 1 : e.key === "Home" ? 0 : e.key === "End" ? tabs().length - 1 : null;
    if (to === null) return;
    e.preventDefault();
    const next = tabs()[(to + tabs().length) % tabs().length]!;
    go(href(next[0]), { replace: true });
    requestAnimationFrame(() => document.getElementById(`tab-${next[0]}`)?.focus());
  };
  return (
    <>
      <div class="page-head">
        <div>
          <div class="row row-wrap head-line">
            <h1>{w.name}</h1>
            <span role="status">
              <WorkspacePill w={w} now={now} />
            </span>
          </div>
          <p class="sub-line">{t.ws.sub(imageName(images, w.image), day(atMs(w.created_at)))}</p>
        </div>
        <div class="actions">
          <HeadActions w={w} acts={acts} />
        </div>
      </div>
      <div class="wk">
        <div class="tabs" role="tablist" aria-label={t.ws.tabs} onKeyDown={onTabKey}>
          {tabs().map(([k, text]) => (
            <a key={k} id={`tab-${k}`} role="tab" href={href(k)} aria-selected={tab === k} aria-controls="tab-panel" tabIndex={tab === k ? 0 : -1}>
              {text}
            </a>
          ))}
        </div>
        <div id="tab-panel" class="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`}>
          {tab === "overview" && <Overview w={w} now={now} acts={acts} />}
          {tab === "files" && <FilesTab w={w} />}
          {tab === "environment" && <EnvironmentTab w={w} />}
          {tab === "sessions" && <SessionsTab w={w} now={now} />}
          {tab === "logs" && <LogsTab w={w} />}
          {tab === "settings" && <SettingsTab key={w.id} w={w} acts={acts} />}
        </div>
      </div>
      {acts.dialogs}
    </>
  );
}

function HeadActions({ w, acts }: { w: Workspace; acts: WorkspaceActions }): JSX.Element | null {
  const busy = acts.busy === w.id;
  const state = w.session?.state;
  if (!state)
    return (
      <button class="btn" data-kind="primary" type="button" aria-busy={busy} onClick={() => void acts.start(w)}>
        <Icon name="play" />
        {t.act.start}
      </button>
    );
  return (
    <>
      {state !== "stopping" && (
        <button class="btn" type="button" onClick={() => acts.askStop(w)}>
          <Icon name="stop" />
          {t.act.stop}
        </button>
      )}
      {state === "running" ? (
        <OpenButton w={w} kind="primary" text={t.act.open} />
      ) : (
        state !== "stopping" && (
          <a class="btn" data-kind="primary" href={`/workspaces/${w.id}/start`}>{t.act.watch}</a>
        )
      )}
    </>
  );
}
