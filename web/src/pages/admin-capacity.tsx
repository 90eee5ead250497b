/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: what the host has for sessions, what they use of it, and who waits in which order. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { get } from "../lib/api";
import { decimal } from "../lib/locale";
import { size } from "../lib/size";
import { useStore } from "../lib/store";
import { atMs, clock, dayClock, durationShort } from "../lib/time";
import { useLoad, useNow } from "../lib/use";
import { live } from "../live";
import type { Place } from "../model";
import { t } from "../text";
import { Bar, Empty, ErrorBanner, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";
import { typeName } from "../words";

interface Resource {
  host: number;
  offered: number;
  overcommit_percent: number;
  reserve: number;
  held: number;
  used: number;
}

interface Capacity {
  known: boolean;
  engine: boolean;
  cpu_milli: Resource;
  memory_bytes: Resource;
  gpus: { class: string; count: number; used: number }[];
  disk_bytes: { host: number; free: number };
  sessions: Record<string, number>;
}

interface Row {
  session_id: string;
  workspace_name: string;
  email: string;
  name: string;
  instance_type: string;
  plan: string;
  priority: number;
  waited_seconds: number;
  queue: Place | null;
}

interface All {
  capacity: Capacity;
  rows: Row[];
  waiting: number;
}

async function readAll(): Promise<All> {
  const [capacity, line] = await Promise.all([get<Capacity>("/admin/capacity"), get<{ items: Row[]; waiting: number }>("/admin/queue?limit=200")]);
  return { capacity, rows: line.items, waiting: line.waiting };
}

const EVERY_MS = 3000;

export function CapacityPage(): JSX.Element {
  usePage([{ text: t.capacity.title }]);
  const now = useNow(EVERY_MS);
  const list = useLoad(readAll, []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || list.poll(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const c = list.data?.capacity;
  return (
    <div class="stack">
      <div class="page-head">
        <div>
          <h1>{t.capacity.title}</h1>
          <p class="t2">{t.capacity.lead}</p>
        </div>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} />
      {!list.data && !list.error && <SkeletonRows rows={4} label={t.capacity.title} />}
      {c && (
        <>
          {!c.engine && <div class="banner" data-kind="warn" role="status"><div class="banner-body">{c.known ? t.capacity.away : t.capacity.notKnown}</div></div>}
          <Rooms c={c} />
          <LineTable rows={list.data!.rows} waiting={list.data!.waiting} now={now} />
        </>
      )}
    </div>
  );
}

const cores = (milli: number) => t.capacity.cores(decimal(milli / 1000, 2));

function Room({ name, used, of, part, note }: { name: string; used: string; of: string; part: number; note: string }): JSX.Element {
  return (
    <section class="card room">
      <p class="eyebrow">{name}</p>
      <p class="num strong">{t.capacity.of(used, of)}</p>
      <Bar part={part} label={`${name}: ${t.capacity.of(used, of)}`} kind={part > 0.95 ? "warn" : undefined} />
      <p class="t3 small">{note}</p>
    </section>
  );
}

function Rooms({ c }: { c: Capacity }): JSX.Element {
  const note = (r: Resource, text: (n: number) => string) =>
    [t.capacity.offered(r.overcommit_percent, text(r.host)), r.reserve ? t.capacity.reserve(text(r.reserve)) : "", r.held ? t.capacity.held(text(r.held)) : ""].filter(Boolean).join(", ");
  const share = (r: Resource) => (r.offered ? (r.used + r.held) / r.offered : 0);
  const disk = c.disk_bytes;
  return (
    <div class="rooms">
      <Room name={t.capacity.cpu} used={cores(c.cpu_milli.used)} of={cores(c.cpu_milli.offered)} part={share(c.cpu_milli)} note={note(c.cpu_milli, cores)} />
      <Room name={t.capacity.memory} used={size(c.memory_bytes.used)} of={size(c.memory_bytes.offered)} part={share(c.memory_bytes)} note={note(c.memory_bytes, size)} />
      {c.gpus.map((g) => (
        <Room key={g.class} name={t.capacity.gpu(g.class)} used={String(g.used)} of={String(g.count)} part={g.count ? g.used / g.count : 0} note="" />
      ))}
      <Room name={t.capacity.disk} used={size(disk.host - disk.free)} of={size(disk.host)} part={disk.host ? 1 - disk.free / disk.host : 0} note={t.capacity.freeDisk(size(disk.free))} />
      <section class="card room">
        <p class="eyebrow">{t.capacity.sessions}</p>
        {["running", "starting", "stopping", "queued"].map((k) => (
          <p class="row small" key={k}>
            <span class="t2">{t.state[k as "running"]}</span>
            <span class="push num strong">{c.sessions[k] ?? 0}</span>
          </p>
        ))}
      </section>
    </div>
  );
}

function LineTable({ rows, waiting, now }: { rows: Row[]; waiting: number; now: number }): JSX.Element {
  const types = useStore(live, (s) => s.types);
  if (!rows.length)
    return (
      <section class="card">
        <Empty art="list" title={t.capacity.nobody} body={t.capacity.nobodyBody} />
      </section>
    );
  const when = (text: string | null | undefined) => {
    const ms = atMs(text);
    return !Number.isFinite(ms) ? "" : ms - now > 20 * 3_600_000 ? dayClock(ms) : clock(ms);
  };
  return (
    <section class="card">
      <div class="card-head">
        <h2>{t.capacity.inLine(waiting)}</h2>
      </div>
      <div class="scrollx">
        <table class="table">
          <thead>
            <tr>
              <th class="n">{t.capacity.place}</th>
              <th>{t.capacity.who}</th>
              <th>{t.capacity.workspace}</th>
              <th class="not-phone">{t.capacity.machine}</th>
              <th class="n not-phone">{t.capacity.priority}</th>
              <th class="n not-phone">{t.capacity.waited}</th>
              <th class="n">{t.capacity.expected}</th>
              <th class="n not-phone">{t.capacity.latest}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.session_id}>
                <td class="n num">{r.queue?.place ?? ""}</td>
                <td><span class="truncate">{r.name || r.email}</span></td>
                <td><span class="truncate">{r.workspace_name}</span></td>
                <td class="not-phone"><span class="mono small">{typeName(types, r.instance_type)}</span></td>
                <td class="n not-phone t2">{r.priority}</td>
                <td class="n not-phone t2">{durationShort(r.waited_seconds)}</td>
                <td class="n">{r.queue?.held_until ? t.capacity.kept(when(r.queue.held_until)) : when(r.queue?.expected_at)}</td>
                <td class="n not-phone t2">{when(r.queue?.estimate_at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
