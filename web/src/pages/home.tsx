/* SPDX-License-Identifier: Apache-2.0 */
/* Home answers three questions: what runs, what can be continued, what it costs. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { openAddress, usualApp } from "../actions";
import { type Recent, readHome } from "../desk";
import { cents, parseMicro, sum } from "../lib/money";
import { useKeys } from "../lib/keys";
import { go } from "../lib/router";
import { useStore } from "../lib/store";
import { ago, atMs, dayLong } from "../lib/time";
import { useLate, useLoad, useNow } from "../lib/use";
import { onAnew } from "../follow";
import { live, onSession } from "../live";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { NoticeFeed } from "../ui/notices";
import { ErrorBanner, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";
import { Tour } from "../ui/tour";
import { useWorkspaceActions } from "../ui/workspace-actions";
import { running } from "../words";
import { FirstNotebook, NoPassword } from "./first";
import { MonthCard } from "./home-month";
import { RunRow } from "./home-run";

const SPARKS = 8; /* each is a request */

export function HomePage(): JSX.Element {
  usePage([{ text: t.home.nav }], t.home.title);
  const all = useStore(live, (s) => s.workspaces);
  const me = useStore(live, (s) => s.me)!;
  const now = useNow();
  const home = useLoad(readHome, []);
  const late = useLate();
  const acts = useWorkspaceActions();
  useEffect(() => onSession((s) => s.state !== "running" && home.reload()), []);
  useEffect(() => onAnew(home.reload), []);
  useKeys({ "/": () => go("/search") });

  const on = running(all);
  const metered = on.filter((w) => w.session!.state !== "queued");
  const queued = on.length - metered.length;
  const hourly = cents(sum(metered.map((w) => parseMicro(w.session!.price_per_hour) ?? 0n)), me.currency);
  const line = [dayLong(now) + ".", metered.length ? t.home.runs(metered.length, hourly) : t.home.nothing, queued ? t.home.waits(queued) : ""].filter(Boolean).join(" ");
  const none = all !== null && all.length === 0;
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.home.title}</h1>
          <p class="sub-line">{line}</p>
        </div>
        {!none && (
          <div class="actions">
            <a class="btn" data-kind="primary" href="/workspaces/new">
              <Icon name="plus" />
              {t.nav.newWorkspace}
            </a>
          </div>
        )}
      </div>
      <Tour />
      {none && <FirstNotebook bare />}
      {!none && (
        <section class="section" aria-labelledby="run-h" data-tour="run">
          <div class="section-head">
            <h2 id="run-h">{t.home.running}</h2>
            <a class="push" href="/workspaces">{t.home.all}</a>
          </div>
          {!all ? (
            <div class="card run-wait">{late && <SkeletonRows rows={2} label={t.loading} />}</div>
          ) : on.length ? (
            <div class="card runs">{on.map((w, i) => <RunRow key={w.id} w={w} now={now} acts={acts} spark={i < SPARKS} />)}</div>
          ) : (
            <p class="card card-pad row run-none">
              <span class="t2">{t.home.nothing}</span>
              <a class="push" href="/workspaces/new">{t.nav.newWorkspace}</a>
            </p>
          )}
        </section>
      )}
      <div class="grid main-side">
        <div class="stack home-main">
          {!none && <Continue items={home.data?.continue ?? null} slow={home.slow} now={now} error={home.error} retry={home.reload} />}
          <NoticeFeed now={now} />
          {!me.account.has_password && <NoPassword />}
        </div>
        <MonthCard expected={parseMicro(home.data?.month?.expected)} now={now} />
      </div>
      {acts.dialogs}
    </>
  );
}

function Continue({ items, slow, now, error, retry }: { items: Recent[] | null; slow: boolean; now: number; error: ReturnType<typeof useLoad>["error"]; retry: () => void }): JSX.Element {
  return (
    <section class="section" aria-labelledby="cont-h">
      <div class="section-head">
        <h2 id="cont-h">{t.home.continue}</h2>
        <span class="t3 small">{t.home.continueHint}</span>
      </div>
      <ErrorBanner error={error} onRetry={retry} title={t.home.continueFailed} />
      {!items && !error && <div class="card cont-wait">{slow && <SkeletonRows rows={4} label={t.loading} />}</div>}
      {items && !items.length && !error && <p class="card card-pad t2">{t.home.continueNone}</p>}
      {items && items.length > 0 && (
        <div class="card conts" data-faded={error ? "true" : undefined}>
          {items.map((x) => (
            <ContinueRow key={`${x.workspace_id}/${x.path}`} x={x} now={now} />
          ))}
        </div>
      )}
    </section>
  );
}

/* A link: it opens in a tab of its own, which starts the session if it has to. */
function ContinueRow({ x, now }: { x: Recent; now: number }): JSX.Element {
  const what = x.kernel === "busy" ? t.home.kernelBusy : x.running ? (t.home.what[x.what] ?? t.home.ready) : t.home.willStart;
  return (
    <a class="cont" href={openAddress(x.label, { app: usualApp(), path: x.path })} target="_blank" rel="noopener">
      <Icon name={x.kind === "notebook" ? "notebook" : "code"} size="l" />
      <span class="cont-name">
        <span class="strong truncate">{x.name}</span>
        <span class="t3 small truncate">{x.workspace_name}</span>
      </span>
      <span class="t3 small not-phone truncate">{what}</span>
      <span class="t3 small num right nowrap">{ago(atMs(x.at), now)}</span>
      <Icon name="right" size="s" />
    </a>
  );
}
