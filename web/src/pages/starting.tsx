/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of a session: phases with their own times from the event stream, and the way on. It opens by
 * itself when ready, in this same tab (another tab never loses the focus), and only after a start that
 * was asked for here or seen here: going back in the history never opens anything.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Target, enter, openInTab, stop } from "../actions";
import { get, getAll } from "../lib/api";
import { parseMicro } from "../lib/money";
import { go, usePlace } from "../lib/router";
import { useStore } from "../lib/store";
import { atMs, tenths } from "../lib/time";
import { useAction, useNow } from "../lib/use";
import { holdStream } from "../follow";
import { live } from "../live";
import { type Session, type Workspace, current } from "../model";
import { type PhaseRow, rowsOf, usualTimes } from "../phases";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { toast } from "../ui/layers";
import { ErrorBanner, StatePill, headline, rateText } from "../ui/parts";
import { usePage } from "../ui/shell";
import { useWorkspaceActions } from "../ui/workspace-actions";
import { typeName } from "../words";
import { NotFound } from "./errors";
import { QueueView } from "./queue-view";

function useUsual(skip: string | undefined): Record<string, number> {
  const [usual, set] = useState<Record<string, number>>({});
  useEffect(() => {
    let gone = false;
    get<{ items: Session[] }>("/sessions?limit=30")
      .then((r) => !gone && set(usualTimes(r.items.filter((s) => s.id !== skip && s.phases.length))))
      .catch(() => {});
    return () => void (gone = true);
  }, [skip]);
  return usual;
}

export function StartingPage({ id }: { id: string }): JSX.Element | null {
  const all = useStore(live, (s) => s.workspaces);
  const w = all?.find((x) => x.id === id);
  if (!all) return null;
  return w ? <Starting w={w} /> : <NotFound />;
}

function Starting({ w }: { w: Workspace }): JSX.Element {
  const s = current(w);
  const { state } = usePlace();
  const now = useNow(100);
  const acts = useWorkspaceActions();
  const types = useStore(live, (x) => x.types);
  const opening = useAction();
  const asked = useRef((state as { open?: boolean } | null)?.open === true);
  const target = useRef((state as { target?: Target | null } | null)?.target ?? null);
  const begun = useRef(false);
  const running = s?.state === "running" && w.session !== null;
  if (w.session && w.session.state !== "running" && w.session.state !== "stopping") asked.current = true;

  usePage(
    [{ text: t.list.title, href: "/workspaces" }, { text: w.name, href: `/workspaces/${w.id}` }, { text: t.starting.crumb }],
    running ? t.starting.readyTitle(w.name) : t.starting.docTitle(w.name),
  );
  useEffect(() => holdStream(), []);

  const open = () =>
    opening.run(async () => {
      /* Back from the notebook leads to the workspace, not here again. */
      history.replaceState(null, "", `/workspaces/${w.id}`);
      try {
        await enter(w.session!.id, target.current);
      } catch (e) {
        history.replaceState(null, "", `/workspaces/${w.id}/start`);
        throw e;
      }
    });
  useEffect(() => {
    if (!running || !asked.current || begun.current) return;
    begun.current = true;
    void open();
  }, [running]);
  /* Restored from the browser's memory by Back: show where we are now. */
  useEffect(() => {
    const shown = (e: PageTransitionEvent) => e.persisted && go(location.pathname, { replace: true });
    addEventListener("pageshow", shown);
    return () => removeEventListener("pageshow", shown);
  }, []);

  if (!s)
    return (
      <section class="start card">
        <div class="start-head">
          <h1>{t.starting.noSession}</h1>
        </div>
        <p class="card-pad t2 start-pad">{t.starting.noSessionBody}</p>
        <div class="card-foot">
          <button class="btn" data-kind="primary" type="button" aria-busy={acts.busy === w.id} onClick={() => void acts.start(w)}>
            {t.act.start}
          </button>
        </div>
      </section>
    );
  const over = !w.session;
  const free = parseMicro(s.price_per_hour) === 0n;
  const type = typeName(types, s.instance_type);
  const eyebrow = free ? t.starting.onFree(w.name, type) : t.starting.on(w.name, type, rateText(s.price_per_hour, s.currency));
  if (!over && s.state === "queued" && s.queue) return <QueueView w={w} s={s} q={s.queue} eyebrow={eyebrow} now={now} />;
  return over ? (
    <Over w={w} s={s} eyebrow={eyebrow} now={now} acts={acts} />
  ) : (
    <Going w={w} s={s} eyebrow={eyebrow} now={now} opening={opening} onOpen={open} target={target.current} auto={asked.current} />
  );
}

interface GoingProps {
  w: Workspace;
  s: Session;
  eyebrow: string;
  now: number;
  opening: ReturnType<typeof useAction>;
  onOpen: () => void;
  target: Target | null;
  auto: boolean;
}

function Going({ w, s, eyebrow, now, opening, onOpen, target, auto }: GoingProps): JSX.Element {
  const usual = useUsual(s.id);
  const cancel = useAction();
  const rows = rowsOf(s, now);
  const running = s.state === "running";
  const first = atMs(s.phases[0]?.started_at);
  const lastEnd = Math.max(...s.phases.map((p) => atMs(p.ended_at) || 0), 0);
  const ms = Number.isFinite(first) ? (running && lastEnd ? lastEnd : now) - first : 0;
  const left = rows.reduce((sum, r) => sum + (r.mark === "done" ? 0 : Math.max(0, (usual[r.name] ?? 0) - (r.ms ?? 0))), 0);
  const known = rows.every((r) => r.mark === "done" || usual[r.name] !== undefined);
  const slow = rows.find((r) => r.mark === "now" && usual[r.name] !== undefined && (r.ms ?? 0) > Math.max(2000, 2 * usual[r.name]!));
  const title = running ? (opening.busy || auto ? t.starting.opening : t.starting.runningTitle) : s.state === "stopping" ? t.starting.stoppingTitle : s.state === "queued" ? t.starting.queuedTitle : t.starting.title;
  return (
    <section class="start card">
      <div class="start-head">
        <div class="start-words">
          <p class="eyebrow">{eyebrow}</p>
          <h1 aria-live="polite">{title}</h1>
        </div>
        <div class="push right">
          <p class="figure">
            {tenths(ms)}
            <span class="figure-unit">{t.starting.seconds}</span>
          </p>
          {!running && known && left > 0 && s.state !== "stopping" && <p class="t3 small num">{t.starting.toGo(Math.ceil(left / 1000))}</p>}
        </div>
      </div>
      <div class="start-strip">
        <div class="phase-strip" aria-hidden="true">
          {rows.map((r) => (
            <i key={r.name} data-phase={r.mark} />
          ))}
        </div>
      </div>
      <Phases rows={rows} usual={usual} />
      {(slow || s.message) && !running && (
        <p class="card-pad t2 start-pad start-note" role="status">
          {s.message && s.state === "queued" ? s.message : slow ? t.starting.slow(t.phase[slow.name] ?? slow.name) : ""}
        </p>
      )}
      <ErrorBanner error={opening.error ?? cancel.error} />
      <div class="card-foot row-wrap">
        <span class="t3 small start-foot">{running ? t.starting.runningFoot : t.starting.foot}</span>
        {running ? (
          <>
            <a class="btn" href={`/workspaces/${w.id}`}>{t.starting.toWorkspace}</a>
            <button class="btn" data-kind="primary" type="button" aria-busy={opening.busy} onClick={() => (opening.error ? onOpen() : openInTab(w, target))}>
              {t.act.open}
            </button>
          </>
        ) : (
          s.state !== "stopping" && (
            <button class="btn" type="button" aria-busy={cancel.busy} onClick={() => void cancel.run(() => stop(w.id))}>
              {t.cancel}
            </button>
          )
        )}
      </div>
    </section>
  );
}

function Phases({ rows, usual }: { rows: PhaseRow[]; usual: Record<string, number> }): JSX.Element {
  return (
    <ol class="phases start-phases">
      {rows.map((r) => (
        <li class="phase" data-phase={r.mark} key={r.name}>
          <span class="phase-dot">
            {r.mark === "done" && <Icon name="check" />}
            {r.mark === "failed" && <Icon name="x" />}
            {r.mark === "now" && <span class="spin" aria-hidden="true" />}
          </span>
          <span class="phase-name">
            {t.phase[r.name] ?? r.name}
            {(r.mark === "now" || r.mark === "wait") && usual[r.name] !== undefined && <span class="t3 small regular"> {t.starting.usually(tenths(usual[r.name]!))}</span>}
          </span>
          <span class="phase-time">{r.ms === null ? "" : `${tenths(r.ms)} s`}</span>
          <span class="phase-note">{t.phaseNote[r.name]}</span>
        </li>
      ))}
    </ol>
  );
}

interface OverProps {
  w: Workspace;
  s: Session;
  eyebrow: string;
  now: number;
  acts: ReturnType<typeof useWorkspaceActions>;
}

function Over({ w, s, eyebrow, now, acts }: OverProps): JSX.Element {
  const [log, setLog] = useState<string | null>(null);
  const failed = s.state === "failed" || s.state === "lost";
  useEffect(() => {
    if (failed) readLog(s.id).then(setLog, () => setLog(""));
  }, [s.id]);
  const charged = parseMicro(s.cost) ?? 0n;
  const title = failed ? (s.seconds > 0 && charged > 0n ? t.starting.endedTitle : t.starting.failedTitle) : t.starting.stoppedTitle;
  const copy = async () => {
    await navigator.clipboard?.writeText(log ?? "");
    toast(t.copied);
  };
  return (
    <section class="start card">
      <div class="start-head">
        <div class="start-words">
          <p class="eyebrow">{eyebrow}</p>
          <h1>{title}</h1>
          {failed && (
            <p class="vh" role="alert">
              {title} {s.message}
            </p>
          )}
        </div>
        <div class="push right">
          <StatePill state={s.state} session={s} now={now} />
        </div>
      </div>
      {failed && s.phases.length > 0 && <Phases rows={rowsOf(s, now).filter((r) => r.mark !== "wait")} usual={{}} />}
      <div class="card-pad start-pad stack">
        {s.message && <p class="t2">{s.message}</p>}
        {failed && log && (
          <div>
            <p class="eyebrow">{t.starting.log}</p>
            <div class="code start-log" tabIndex={0}>{log}</div>
          </div>
        )}
        <p class="t3 small">{charged === 0n ? t.starting.nothingCharged : t.starting.charged(headline(s.cost, s.currency))}</p>
      </div>
      <div class="card-foot row-wrap">
        <button class="btn" data-kind="primary" type="button" aria-busy={acts.busy === w.id} onClick={() => void acts.start(w)}>
          {t.act.startAgain}
        </button>
        <button class="btn" type="button" onClick={() => acts.askResize(w)}>{t.starting.otherType}</button>
        {failed && log && (
          <button class="btn push" data-kind="quiet" type="button" onClick={() => void copy()}>
            <Icon name="copy" />
            {t.starting.copyLog}
          </button>
        )}
      </div>
      {acts.dialogs}
    </section>
  );
}

/* Logs come as text, or as JSON with the text inside. */
export async function readLog(session: string): Promise<string> {
  const r = await get<string | { text?: string; log?: string }>(`/sessions/${encodeURIComponent(session)}/logs`);
  return typeof r === "string" ? r : (r.text ?? r.log ?? "");
}

export async function readSessions(workspace: string): Promise<Session[]> {
  const { items } = await getAll<Session>(`/sessions?workspace_id=${encodeURIComponent(workspace)}`);
  return items.filter((s) => s.workspace_id === workspace);
}
