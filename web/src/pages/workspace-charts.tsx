/* SPDX-License-Identifier: Apache-2.0 */
/* CPU, memory, disk, network, cost and, where there is one, GPU of a session: live, or what it was when it ended. */
import type { JSX } from "preact";
import { cents, parseMicro, plain } from "../lib/money";
import { decimal, fixed } from "../lib/locale";
import { type Column, niceMax } from "../lib/points";
import { GB, size } from "../lib/size";
import { useStore } from "../lib/store";
import { atMs, clock, day } from "../lib/time";
import { useLoad } from "../lib/use";
import { live } from "../live";
import { type Metrics, readMetrics, useMetrics } from "../metrics";
import type { InstanceType, Session } from "../model";
import { t } from "../text";
import { Chart, type ChartProps, type Line, useChartGroup } from "../ui/chart";
import { ErrorBanner, Money } from "../ui/parts";
import { costSoFar } from "../words";

/* The window grows with what there is to show: a fresh page is not an empty axis with a dot at its end. */
const WINDOWS_MIN = [2, 10, 60];

interface Frame {
  from: number;
  to: number;
  axis: [string, string, string];
}

function frameOf(times: number[], now: number, live_: boolean): Frame {
  const last = times[times.length - 1];
  const to = live_ ? now : (last ?? now);
  const age = (to - (times[0] ?? to)) / 60_000;
  const minutes = WINDOWS_MIN.find((m) => age <= m) ?? WINDOWS_MIN[WINDOWS_MIN.length - 1]!;
  const from = to - minutes * 60_000;
  if (!live_) return { from, to, axis: last ? [clock(from), clock((from + to) / 2), clock(to)] : ["", "", ""] };
  return { from, to, axis: [t.ws.minutesBack(minutes), t.ws.minutesHalf(minutes / 2), t.now] };
}

const thirds = (max: number, text: (v: number) => string): [number, string][] => [0, max / 2, max].map((v) => [v, v ? text(v) : "0"]);
const lastOf = (c: Column | undefined): number | null => {
  for (let i = (c?.length ?? 0) - 1; i >= 0; i--) if (c![i] !== null) return c![i]!;
  return null;
};
const topOf = (columns: (Column | undefined)[], least: number) => niceMax(columns.reduce((a, c) => (c ?? []).reduce<number>((m, v) => Math.max(m, v ?? 0), a), least), 2).max;
/* Axis labels in one unit, without it: the unit stands in the title. */
const inUnit = (max: number) => (max >= GB ? GB : max >= 1024 ** 2 ? 1024 ** 2 : 1024);

export function SessionCharts({ s, now, running, storage }: { s: Session | null; now: number; running: boolean; storage: number }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const group = useChartGroup();
  const { metrics: m, error, loading } = useMetrics(s?.id, running);
  const type = types.find((x) => x.id === s?.instance_type);
  const frame = frameOf(m.times, now, running);
  const note = loading ? undefined : !s ? t.chart.noneYetBody : running ? t.chart.drawn : t.chart.noFigures;
  const common = { group, times: m.times, ...frame, fade: !running, note };
  return (
    <>
      <ErrorBanner error={error?.status === 404 ? null : error} title={t.chart.failed} />
      {!running && s && m.times.length > 0 && <p class="t3 small">{t.chart.past(day(atMs(s.stopped_at) || atMs(s.started_at)))}</p>}
      <div class="grid cols-2 charts">
        <Machine m={m} s={s} type={type} storage={storage} common={common} />
        <Network m={m} common={common} />
        <Gpu m={m} common={common} />
        {s && <Cost m={m} s={s} now={now} running={running} common={common} />}
      </div>
    </>
  );
}

type Common = Pick<ChartProps, "group" | "times" | "from" | "to" | "axis" | "fade" | "note">;
const line = (name: string, values: Column | undefined, colour: Line["colour"]): Line => ({ name, values: values ?? [], colour });

function Machine({ m, s, type, storage, common }: { m: Metrics; s: Session | null; type: InstanceType | undefined; storage: number; common: Common }): JSX.Element {
  const cpu = m.limits.cpu_cores ?? type?.cpu ?? 1;
  const memory = m.limits.memory_bytes ?? s?.stats?.memory_limit_bytes ?? type?.memory_bytes ?? GB;
  const disk = m.limits.disk_bytes ?? s?.stats?.disk_size_bytes ?? storage;
  const c = m.columns;
  const cores = (v: number) => fixed(v, v < 10 ? 2 : 1);
  const said = (v: number | null, text: (v: number) => string) => (v === null ? "" : text(v));
  return (
    <>
      <Chart {...common} title={t.ws.cpu} unit={t.ws.ofCpu(decimal(cpu, 3))} now={said(lastOf(c.cpu_cores), cores)} lines={[line(t.ws.cpu, c.cpu_cores, 1)]} max={cpu} ticks={[[0, "0%"], [cpu / 2, "50%"], [cpu, "100%"]]} format={cores} />
      <Chart {...common} title={t.ws.memory} unit={t.ws.ofSize(size(memory))} now={said(lastOf(c.memory_bytes), size)} lines={[line(t.ws.memory, c.memory_bytes, 3)]} max={memory} ticks={thirds(memory, (v) => decimal(v / inUnit(memory), 1))} format={size} limit={memory} />
      <Chart {...common} title={t.ws.disk} unit={t.ws.ofSize(size(disk))} now={said(lastOf(c.disk_bytes), size)} lines={[line(t.ws.disk, c.disk_bytes, 2)]} max={disk} ticks={thirds(disk, (v) => decimal(v / inUnit(disk), 1))} format={size} limit={disk} />
    </>
  );
}

function Network({ m, common }: { m: Metrics; common: Common }): JSX.Element {
  const rx = m.columns.rx_bytes_per_s;
  const tx = m.columns.tx_bytes_per_s;
  const top = topOf([rx, tx], 1024);
  const unit = inUnit(top);
  const speed = (v: number) => t.uploads.rate(size(Math.round(v)));
  const max = niceMax(top / unit, 2).max * unit;
  const now = lastOf(rx) === null ? "" : speed((lastOf(rx) ?? 0) + (lastOf(tx) ?? 0));
  return <Chart {...common} title={t.chart.network} unit={t.uploads.rate(size(unit).replace(/^1 /, ""))} now={now} lines={[line(t.chart.inward, rx, 3), line(t.chart.outward, tx, 6)]} max={max} ticks={thirds(max, (v) => decimal(v / unit, 1))} format={speed} />;
}

function Gpu({ m, common }: { m: Metrics; common: Common }): JSX.Element | null {
  const gpu = m.columns.gpu_percent;
  const memory = m.columns.gpu_memory_bytes;
  if (!gpu && !memory) return null;
  const percent = (v: number) => `${decimal(v, 0)}\u00a0%`;
  const top = topOf([memory], GB);
  return (
    <>
      {gpu && <Chart {...common} title={t.chart.gpu} now={lastOf(gpu) === null ? "" : percent(lastOf(gpu)!)} lines={[line(t.chart.gpu, gpu, 4)]} max={100} ticks={[[0, "0%"], [50, "50%"], [100, "100%"]]} format={percent} />}
      {memory && <Chart {...common} title={t.chart.gpuMemory} now={lastOf(memory) === null ? "" : size(lastOf(memory)!)} lines={[line(t.chart.gpuMemory, memory, 5)]} max={top} ticks={thirds(top, (v) => decimal(v / inUnit(top), 1))} format={size} />}
    </>
  );
}

/* The curve is for the eye, the figure beside it is exact. A second that nobody measured is paid too: no gaps. */
function Cost({ m, s, now, running, common }: { m: Metrics; s: Session; now: number; running: boolean; common: Common }): JSX.Element {
  const cost = costSoFar(s, now);
  const end = running ? now : (m.times[m.times.length - 1] ?? now);
  const total = cost === null ? 0 : Number(plain(cost));
  const hourly = Number(plain(parseMicro(s.price_per_hour) ?? 0n));
  const values = m.times.map((at) => Math.max(0, total - (hourly * (end - at)) / 3_600_000));
  const { max } = niceMax(Math.max(0.0001, ...values.slice(-1), total), 2);
  const money = (v: number) => cents(BigInt(Math.round(v * 1e6)), s.currency);
  return (
    <Chart
      {...common}
      title={t.ws.cost}
      unit={running ? t.ws.thisSession : t.ws.lastSession(day(atMs(s.started_at) || now))}
      now={cost !== null ? <Money micro={cost} currency={s.currency} /> : ""}
      lines={[line(t.ws.cost, values, 1)]}
      max={max}
      ticks={thirds(max, (v) => decimal(v, 6))}
      format={money}
    />
  );
}

/* One that ended, from its start to its end. */
export function PastCharts({ s, now }: { s: Session; now: number }): JSX.Element {
  const types = useStore(live, (x) => x.types);
  const group = useChartGroup();
  const from = atMs(s.started_at);
  const to = atMs(s.stopped_at) || now;
  const read = useLoad(() => readMetrics(s.id, { from, to: Math.max(to, from + 1000) }), [s.id, s.state]);
  if (read.error) return read.error.status === 404 ? <p class="t3 small">{t.chart.noFigures}</p> : <ErrorBanner error={read.error} title={t.chart.failed} onRetry={read.reload} />;
  const m = read.data;
  if (!m) return <div class="past-wait" aria-busy={read.slow} />;
  if (!m.times.length) return <p class="t3 small">{t.chart.noFigures}</p>;
  const common: Common = { group, times: m.times, from, to: Math.max(to, from + 1000), axis: [clock(from), clock((from + to) / 2), clock(to)], fade: false, note: t.chart.noFigures };
  return (
    <div class="grid cols-2 charts">
      <Machine m={m} s={s} type={types.find((x) => x.id === s.instance_type)} storage={GB} common={common} />
      <Network m={m} common={common} />
      <Gpu m={m} common={common} />
    </div>
  );
}
