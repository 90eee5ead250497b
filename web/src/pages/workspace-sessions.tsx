/* SPDX-License-Identifier: Apache-2.0 */
/* Every session of a workspace: when, how long, why it ended, what it cost. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../lib/api";
import { count } from "../lib/locale";
import { useStore } from "../lib/store";
import { atMs, dayClock, durationExact } from "../lib/time";
import { useLoad } from "../lib/use";
import { live, onSession } from "../live";
import type { Activity, Session, Workspace } from "../model";
import { t } from "../text";
import { EvidenceTable, MinutesChart } from "../ui/activity";
import { Empty, ErrorBanner, Money, SkeletonRows, StatePill } from "../ui/parts";
import { costSoFar, secondsSoFar, typeName, whyEnded } from "../words";
import { readLog, readSessions } from "./starting";
import { PastCharts } from "./workspace-charts";

const SHOWN = 20;

/* The evidence of one of them, and its last ten minutes. */
function SessionWhy({ s, now }: { s: Session; now: number }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const a = useLoad(() => get<Activity>(`/sessions/${encodeURIComponent(s.id)}/activity`), [s.id, s.state]);
  return (
    <div class="session-why" role="region" aria-label={t.why.title}>
      <ErrorBanner error={a.error} onRetry={a.reload} />
      {a.data && (
        <>
          <p class="strong">{a.data.verdict}</p>
          <div class="grid cols-2">
            {a.data.minutes.length ? <MinutesChart minutes={a.data.minutes} cpus={types.find((x) => x.id === s.instance_type)?.cpu ?? 1} /> : <p class="t3 small">{t.why.noMinutes}</p>}
            <EvidenceTable a={a.data} now={s.stopped_at ? atMs(s.stopped_at) : now} />
          </div>
        </>
      )}
      <PastCharts s={s} now={now} />
      <PastLog s={s} />
    </div>
  );
}

function PastLog({ s }: { s: Session }): JSX.Element {
  const [open, setOpen] = useState(false);
  const log = useLoad(async () => (open ? await readLog(s.id) : null), [s.id, open]);
  return (
    <details class="past-log" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t.past.logs}</summary>
      <ErrorBanner error={log.error} onRetry={log.reload} />
      {log.data !== null && open && (
        <div class="log" tabIndex={0} role="log" aria-live="off" aria-label={t.past.logs}>
          <p class="logline">{log.data || t.past.noLog}</p>
        </div>
      )}
    </details>
  );
}

export function SessionsTab({ w, now }: { w: Workspace; now: number }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const list = useLoad(() => readSessions(w.id), [w.id]);
  const [shown, setShown] = useState(SHOWN);
  const [open, setOpen] = useState<string | null>(null);
  useEffect(() => onSession((s) => s.workspace_id === w.id && s.state !== "running" && list.reload()), [w.id]);
  /* The one that runs comes from the stream, the rest from the list. */
  const fresh = new Map<string, Session>([w.last_session, w.session].filter((s): s is Session => !!s).map((s) => [s.id, s]));
  const rows = (list.data ?? []).map((s) => fresh.get(s.id) ?? s);
  for (const s of fresh.values()) if (list.data && !rows.some((r) => r.id === s.id)) rows.push(s);
  const begun = (s: Session) => atMs(s.created_at) || atMs(s.started_at) || Infinity;
  rows.sort((a, b) => begun(b) - begun(a));
  const openOne = rows.find((s) => s.id === open);
  return (
    <section class="section">
      <div class="section-head">
        <h2>{t.ws.sessions}</h2>
        <span class="t3 small">{t.ws.sessionsLead}</span>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} />
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={4} label={t.loading} />
        </div>
      )}
      {list.data && !rows.length && (
        <div class="card">
          <Empty art="list" title={t.ws.noSessions} body={t.ws.noSessionsBody} />
        </div>
      )}
      {rows.length > 0 && (
        <div class="table-frame">
          <table class="table table-cards sessions-table">
            <thead>
              <tr>
                <th scope="col">{t.ws.started}</th>
                <th scope="col">{t.list.state}</th>
                <th scope="col">{t.ws.type}</th>
                <th scope="col" class="n">{t.ws.ran}</th>
                <th scope="col" class="n">{t.ws.costCol}</th>
                <th scope="col">{t.ws.reason}</th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, shown).map((s) => {
                const cost = costSoFar(s, now);
                return (
                  <tr key={s.id}>
                    <td class="nowrap num">{Number.isFinite(begun(s)) ? dayClock(begun(s)) : ""}</td>
                    <td>
                      <StatePill state={s.state} session={null} now={now} />
                    </td>
                    <td class="hide">
                      <span class="mono small">{typeName(types, s.instance_type)}</span>
                    </td>
                    <td class="n t2">{durationExact(secondsSoFar(s, now))}</td>
                    <td class="n">{cost !== null && <Money micro={cost} currency={s.currency} />}</td>
                    <td class="t2 wide">
                      {whyEnded(s, now)}
                      {s.started_at && (
                        <button class="btn btn-s why-button" data-kind="quiet" type="button" aria-expanded={open === s.id} onClick={() => setOpen(open === s.id ? null : s.id)}>
                          {t.why.show}
                        </button>
                      )}
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {openOne && <SessionWhy s={openOne} now={now} key={openOne.id} />}
          <div class="table-foot num">
            {t.list.foot(count(Math.min(shown, rows.length)), count(rows.length))}
            {rows.length > shown && (
              <button class="btn btn-s push" data-kind="quiet" type="button" onClick={() => setShown(shown + 100)}>{t.ws.earlier}</button>
            )}
          </div>
        </div>
      )}
    </section>
  );
}
