/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of all owners, and for each the answer to "why is this still running?". */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, getAll, post } from "../lib/api";
import { count } from "../lib/locale";
import { cents, costOf, parseMicro, sum } from "../lib/money";
import { useSteady } from "../lib/steady";
import { useStore } from "../lib/store";
import { atMs, clock, durationShort } from "../lib/time";
import { useAction, useLoad, useNow } from "../lib/use";
import { live } from "../live";
import type { AdminSession, Session } from "../model";
import { t } from "../text";
import { EvidenceTable, MinutesChart, Verdict } from "../ui/activity";
import { Arrivals } from "../ui/arrivals";
import { Icon } from "../ui/icons";
import { Dialog, toast } from "../ui/layers";
import { ListState } from "../ui/list-state";
import { LongTable } from "../ui/long-table";
import { Money, StatePill, rateText } from "../ui/parts";
import { usePage } from "../ui/shell";
import { costSoFar, failText, whyEnded } from "../words";

const EVERY_MS = 10_000;
const LONG_S = 12 * 3600;
const LOST_SHOWN = 20;
const A_READ = 500; /* the API gives 1000, but so many with their minutes may be more than an answer holds */

type Which = "all" | "idle" | "long" | "lost";

function upSeconds(s: Session, now: number): number {
  return Math.max(0, ((s.stopped_at ? atMs(s.stopped_at) : now) - atMs(s.started_at ?? s.created_at)) / 1000) || 0;
}

function isOf(which: Which, x: AdminSession, now: number): boolean {
  if (which === "idle") return x.in_use === false;
  if (which === "long") return x.session.state === "running" && upSeconds(x.session, now) > LONG_S;
  return which === "lost" ? x.session.state === "lost" : x.session.state !== "lost";
}

/* What is odd comes first: lost, long, idle; what only waits for a machine comes last. */
function oddness(x: AdminSession, now: number): number {
  if (x.session.state === "lost") return 0;
  if (isOf("long", x, now)) return 1;
  if (x.in_use === false) return 2;
  return x.session.state === "queued" ? 4 : 3;
}

function oddFirst(some: AdminSession[], now: number): AdminSession[] {
  return some
    .map((x) => [oddness(x, now), atMs(x.session.started_at ?? x.session.created_at), x] as const)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map((r) => r[2]);
}

function matches(x: AdminSession, q: string): boolean {
  const text = `${x.account.email} ${x.account.name} ${x.session.workspace_name} ${x.session.id}`.toLowerCase();
  return text.includes(q.trim().toLowerCase());
}

function StopDialog({ x, onClose, onDone }: { x: AdminSession; onClose: () => void; onDone: () => void }): JSX.Element {
  const [reason, setReason] = useState("");
  const action = useAction();
  const stop = async () => {
    if (!reason.trim()) return;
    const ok = await action.run(() => post(`/admin/sessions/${encodeURIComponent(x.session.id)}/stop`, { reason: reason.trim() }));
    if (!ok) return;
    toast(t.adminSessions.stopped(x.session.workspace_name));
    onDone();
  };
  return (
    <Dialog
      title={t.adminSessions.stopTitle(x.session.workspace_name, x.account.name || x.account.email)}
      onClose={onClose}
      onSubmit={() => void stop()}
      foot={
        <>
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind="danger" type="submit" aria-busy={action.busy} disabled={!reason.trim()}>{t.act.stop}</button>
        </>
      }
    >
      <p class="t2">{t.adminSessions.stopBody}</p>
      <div class="field">
        <label class="label" for="stop-reason">{t.adminSessions.reason}</label>
        <input class="input" id="stop-reason" value={reason} maxLength={200} autocomplete="off" onInput={(e) => setReason(e.currentTarget.value)} />
        <p class="hint">{t.adminSessions.reasonHint}</p>
        {action.error && <p class="error-text">{failText(action.error)}</p>}
      </div>
    </Dialog>
  );
}

function Panel({ x, now, onClose, onStop }: { x: AdminSession; now: number; onClose: () => void; onStop: () => void }): JSX.Element {
  const types = useStore(live, (s) => s.types);
  const s = x.session;
  const cost = costSoFar(s, now);
  return (
    <aside class="panel" aria-label={t.adminSessions.why}>
      <div class="panel-head">
        <div class="truncate">
          <p class="eyebrow">{t.adminSessions.why}</p>
          <p class="strong truncate">
            {s.workspace_name}
            <span class="t3 regular">{` ${t.adminSessions.of(x.account.name || x.account.email)}`}</span>
          </p>
        </div>
        <button class="btn btn-s btn-icon push" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
      </div>
      <div class="panel-body">
        <div class="banner" data-kind={x.in_use === false ? "warn" : undefined}>
          <Icon name="clock" />
          <div class="banner-body">{x.verdict}</div>
        </div>
        <MinutesChart minutes={x.minutes} cpus={types.find((k) => k.id === s.instance_type)?.cpu ?? 1} />
        <EvidenceTable a={x} now={now} />
        <dl class="kv num">
          <dt>{t.adminSessions.cost}</dt>
          <dd>{cost !== null && <Money micro={cost} currency={s.currency} />}</dd>
          <dt>{t.adminSessions.email}</dt>
          <dd class="truncate">{x.account.email}</dd>
          <dt>{t.adminSessions.session}</dt>
          <dd class="mono small truncate">{s.id}</dd>
        </dl>
      </div>
      {s.state !== "stopping" && s.state !== "lost" && (
        <div class="card-foot row-wrap">
          <button class="btn push" data-kind="danger" type="button" onClick={onStop}>
            <Icon name="stop" />
            {t.act.stop}
          </button>
        </div>
      )}
    </aside>
  );
}

function Rows({ rows, total, faded, chosen, now, onChoose }: { rows: AdminSession[]; total: number; faded: boolean; chosen: string | null; now: number; onChoose: (id: string) => void }): JSX.Element {
  return (
    <LongTable
      rows={rows}
      cls="admin-table"
      frame="compact"
      cols={6}
      label={t.adminSessions.sessions}
      faded={faded}
      head={
        <>
          <th scope="col">{t.adminSessions.workspace}</th>
          <th scope="col">{t.list.state}</th>
          <th scope="col">{t.adminSessions.whyCol}</th>
          <th scope="col" class="n">{t.adminSessions.up}</th>
          <th scope="col" class="n">{t.list.rate}</th>
          <th scope="col" class="n">{t.adminSessions.stops}</th>
        </>
      }
      row={(x, i) => {
        const s = x.session;
        return (
          <tr key={s.id} data-row={i} aria-rowindex={i + 2} aria-selected={s.id === chosen}>
            <td>
              <button class="row row-button" type="button" aria-pressed={s.id === chosen} onClick={() => onChoose(s.id)}>
                <span class="name truncate">{s.workspace_name}</span>
                <span class="t3 small truncate">{x.account.name || x.account.email}</span>
              </button>
            </td>
            <td><StatePill state={s.state} session={null} now={now} /></td>
            <td class="wide">
              <span class="row">
                {s.state === "running" && <Verdict inUse={x.in_use} />}
                <span class="truncate t2" title={x.verdict}>{s.state === "running" ? x.verdict : whyEnded(s, now)}</span>
              </span>
            </td>
            <td class="n t2 hide">{durationShort(upSeconds(s, now))}</td>
            <td class="n hide">{rateText(s.price_per_hour, s.currency)}</td>
            <td class="n nowrap t2 hide">{s.stop_at ? clock(atMs(s.stop_at)) : ""}</td>
          </tr>
        );
      }}
      plainFoot={t.list.foot(count(rows.length), count(total))}
    />
  );
}

interface All {
  rows: AdminSession[];
  cut: number; /* there are more than so many that have not ended; 0: these are all */
}

/* What has not ended, and what was lost lately. */
async function readAll(): Promise<All> {
  const [on, lost] = await Promise.all([getAll<AdminSession>(`/admin/sessions?limit=${A_READ}`), get<{ items: AdminSession[] }>(`/admin/sessions?state=lost&limit=${LOST_SHOWN}`)]);
  return { rows: [...on.items, ...lost.items], cut: on.more ? on.items.length : 0 };
}

export function AdminSessionsPage(): JSX.Element {
  usePage([{ text: t.adminSessions.title }, { text: t.adminSessions.sessions }]);
  const now = useNow(1000);
  const list = useLoad(readAll, []);
  const [which, setWhich] = useState<Which>("all");
  const [q, setQ] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [stopping, setStopping] = useState<AdminSession | null>(null);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && list.poll(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const all = list.data?.rows ?? [];
  const { rows, waiting, takeIn } = useSteady(
    all.filter((x) => isOf(which, x, now) && matches(x, q)),
    (x) => x.session.id,
    `${which}|${q}`,
    (some) => oddFirst(some, now),
  );
  const open = all.find((x) => x.session.id === chosen) ?? null;
  const running = all.filter((x) => x.session.state === "running");
  const currency = all[0]?.session.currency ?? "";
  const hourly = sum(running.map((x) => costOf(parseMicro(x.session.price_per_hour) ?? 0n, 3600)));
  const counts: [Which, string, number][] = (["all", "idle", "long", "lost"] as const).map((k) => [k, t.adminSessions.which[k], all.filter((x) => isOf(k, x, now)).length]);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.adminSessions.sessions}</h1>
          {list.data && (
            <p class="sub-line">
              {t.adminSessions.sub(all.filter((x) => isOf("all", x, now)).length, running.filter((x) => x.in_use).length, running.filter((x) => x.in_use === false).length, currency && cents(hourly, currency))}
            </p>
          )}
        </div>
      </div>
      <div class="row row-wrap admin-filters">
        <div class="affix">
          <Icon name="search" />
          <input class="input" type="search" placeholder={t.adminSessions.filterHint} aria-label={t.adminSessions.filter} value={q} onInput={(e) => setQ(e.currentTarget.value)} />
        </div>
        <div class="seg" role="group" aria-label={t.adminSessions.verdict}>
          {counts.map(([k, text, n]) => (
            <button key={k} type="button" aria-pressed={which === k} onClick={() => setWhich(k)}>
              {text} <span class="t3">{n}</span>
            </button>
          ))}
        </div>
      </div>
      {!!list.data?.cut && (
        <div class="banner" data-kind="warn" role="status">
          <Icon name="alert" />
          <div class="banner-body">{t.onlyFirst(count(list.data.cut))}</div>
        </div>
      )}
      <Arrivals count={waiting.length} onShow={takeIn} />
      <ListState
        there={!!list.data} count={rows.length} filtered={all.length > 0} slow={list.slow} error={list.error} failed={t.adminSessions.failed} retry={list.reload}
        clear={() => {
          setQ("");
          setWhich("all");
        }}
        none={t.adminSessions.none} noneBody={t.adminSessions.noneBody} noHit={t.adminSessions.noHit}
      >
        <div class={open ? "grid split" : "grid"}>
          <Rows rows={rows} total={all.length} faded={!!list.error} chosen={chosen} now={now} onChoose={(id) => setChosen(id === chosen ? null : id)} />
          {open && <Panel x={open} now={now} onClose={() => setChosen(null)} onStop={() => setStopping(open)} />}
        </div>
      </ListState>
      {stopping && (
        <StopDialog
          x={stopping}
          onClose={() => setStopping(null)}
          onDone={() => {
            setStopping(null);
            list.reload();
          }}
        />
      )}
    </>
  );
}
