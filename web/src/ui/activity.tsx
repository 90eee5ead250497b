/* SPDX-License-Identifier: Apache-2.0 */
/* Why a session still runs or was stopped: the verdict, what speaks for it, its clocks, its last ten minutes. */
import type { JSX } from "preact";
import { decimal, fixed } from "../lib/locale";
import { atMs, clock, durationShort } from "../lib/time";
import type { Activity, ActivityMinute, Evidence } from "../model";
import { t } from "../text";
import { Icon, type IconName } from "./icons";

const WIDTH = 372;
const LEFT = 34;
const RIGHT = 368;
const TOP = 6;
const BASE = 60;
const MINUTES = 10;

function kindOf(m: ActivityMinute): "yes" | "no" | "?" {
  return m.active === null ? "?" : m.active ? "yes" : "no";
}

function minuteWords(m: ActivityMinute): string {
  const at = clock(atMs(m.at));
  return m.cpu_cores === null ? t.why.minute[kindOf(m)]!(at) : t.why.minuteCpu[kindOf(m)]!(at, fixed(m.cpu_cores, 1));
}

/* One bar a minute: as high as the CPUs that were busy; what nobody looked at is hatched to the top. */
export function MinutesChart({ minutes, cpus }: { minutes: ActivityMinute[]; cpus: number }): JSX.Element {
  const max = Math.max(cpus, 0.1, ...minutes.map((m) => m.cpu_cores ?? 0));
  const step = (RIGHT - LEFT) / MINUTES;
  const first = minutes[0];
  const last = minutes[minutes.length - 1];
  const words = minutes.map((m) => minuteWords(m)).join(" ");
  return (
    <div class="chart">
      <div class="chart-head">
        <span class="strong">{t.why.chart}</span>
        <span class="now">{last && last.cpu_cores !== null ? t.why.now(fixed(last.cpu_cores, 1), decimal(cpus, 3)) : t.why.noChart}</span>
      </div>
      <svg viewBox={`0 0 ${WIDTH} 78`} role="img" aria-label={`${t.why.chart}. ${words}`}>
        {[0, 0.5, 1].map((p) => (
          <g key={p}>
            <line class={p ? "grid-line" : "base-line"} x1={LEFT} x2={RIGHT} y1={BASE - p * (BASE - TOP)} y2={BASE - p * (BASE - TOP)} />
            <text x={LEFT - 7} y={BASE - p * (BASE - TOP) + 4} text-anchor="end">{`${Math.round(p * 100)}%`}</text>
          </g>
        ))}
        {minutes.map((m, i) => {
          const x = RIGHT - (minutes.length - i) * step;
          const part = m.cpu_cores === null ? 1 : Math.max(0.02, m.cpu_cores / max);
          const top = BASE - part * (BASE - TOP);
          return (
            <rect key={m.at} class="minute" data-v={m.cpu_cores === null ? "?" : kindOf(m)} x={x + 2} y={top} width={step - 4} height={BASE - top}>
              <title>{[clock(atMs(m.at)), m.why].filter(Boolean).join(" ")}</title>
            </rect>
          );
        })}
        {first && last && (
          <>
            <text x={RIGHT - minutes.length * step} y="76" text-anchor="start">{clock(atMs(first.at))}</text>
            {minutes.length > 2 && <text x={RIGHT} y="76" text-anchor="end">{clock(atMs(last.at))}</text>}
          </>
        )}
      </svg>
      <p class="legend small t3">
        <span><i class="minute-key" data-v="yes" />{t.why.active}</span>
        <span><i class="minute-key" data-v="no" />{t.why.idle}</span>
        <span><i class="minute-key" data-v="?" />{t.why.unknown}</span>
      </p>
    </div>
  );
}

export function Verdict({ inUse }: { inUse: boolean | null }): JSX.Element {
  return (
    <span class="verdict" data-v={inUse === null ? "?" : inUse ? "yes" : "no"}>
      {inUse === null ? t.why.notKnown : inUse ? t.why.inUse : t.why.idle}
    </span>
  );
}

interface Row {
  icon: IconName;
  what: string;
  text: string;
  counts: boolean;
}

function rowsOf(e: Evidence, inUse: boolean | null, now: number): Row[] {
  const busy = (e.busy ?? []).map((b) => `${b.path?.split("/").pop() || b.name || t.why.kernel} ${durationShort(Math.max(0, (now - atMs(b.since)) / 1000) || 0)}`);
  const jobs = (e.terminals ?? []).filter((x) => x.job && x.name !== "background").map((x) => x.job!);
  const background = (e.terminals ?? []).filter((x) => x.job && x.name === "background").map((x) => x.job!);
  const at = atMs(e.last?.at);
  return [
    { icon: "cpu", what: t.why.kernels, text: busy.length ? t.why.busy(busy.join(", ")) : t.why.noneBusy, counts: busy.length > 0 },
    { icon: "list", what: t.why.terminals, text: jobs.join(", ") || t.why.atPrompt, counts: jobs.length > 0 },
    { icon: "zap", what: t.why.processes, text: background.join(", ") || t.why.noProcess, counts: background.length > 0 },
    {
      icon: "user",
      what: t.why.person,
      text: Number.isFinite(at) ? (t.why.last[e.last?.what ?? ""] ?? t.why.lastOther)(durationShort(Math.max(0, (now - at) / 1000))) : t.why.nobody,
      counts: !!inUse && !busy.length && !jobs.length && !background.length,
    },
  ];
}

export function EvidenceTable({ a, now }: { a: Activity; now: number }): JSX.Element {
  return (
    <table class="ev">
      <caption class="vh">{t.why.evidence}</caption>
      <tbody>
        {rowsOf(a.evidence ?? {}, a.in_use, now).map((r) => (
          <tr key={r.what}>
            <th scope="row"><Icon name={r.icon} />{r.what}</th>
            <td>{r.text}</td>
            <td><span class="verdict" data-v={r.counts ? "yes" : "no"}>{r.counts ? t.why.counts : t.why.countsNot}</span></td>
          </tr>
        ))}
        {a.clocks.map((k) => (
          <tr key={k.kind}>
            <th scope="row"><Icon name={k.kind === "calendar" ? "calendar" : k.kind === "budget" ? "coin" : "clock"} />{t.why.clock[k.kind] ?? k.kind}</th>
            <td class="num" colSpan={2}>{t.why.clockAt(clock(atMs(k.at)), durationShort(Math.max(0, (atMs(k.at) - now) / 1000)))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
