/* SPDX-License-Identifier: Apache-2.0 */
/* Cost by day, stacked by instance type or workspace, at most six series; a bar filters the lines. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { fixed, forms } from "../lib/locale";
import { cents, currencySign, plain, sum } from "../lib/money";
import { type Month, dayKey, dayLong, monthName, monthRange } from "../lib/time";
import { t } from "../text";
import { niceMax } from "../lib/points";
import type { Line } from "../usage";

const W = 1100;
const LEFT = 40;
const RIGHT = 1094;
const TOP = 8;
const BASE = 206;
const SERIES = 6;
const BY = ["type", "workspace", "state"] as const;

interface Props {
  lines: Line[];
  month: Month;
  currency: string;
  now: number;
  day: string;
  typeOf: (id: string) => string;
  rest: bigint; /* of the month that this pace will still cost */
  onDay: (day: string) => void;
}

export function DayBars({ lines, month, currency, now, day, typeOf, rest, onDay }: Props): JSX.Element {
  const [by, setBy] = useState<(typeof BY)[number]>("type");
  const keyOf = (l: Line) => (by === "type" ? typeOf(l.what) : by === "state" ? t.usage.state[l.state]! : l.name);
  const totals = new Map<string, bigint>();
  for (const l of lines) totals.set(keyOf(l), (totals.get(keyOf(l)) ?? 0n) + l.micro);
  const ranked = [...totals.keys()].sort((a, b) => (totals.get(b)! > totals.get(a)! ? 1 : -1));
  const many = ranked.length > SERIES;
  const names = many ? [...ranked.slice(0, SERIES - 1), t.usage.other] : ranked;
  const seriesOf = (l: Line) => {
    const i = ranked.indexOf(keyOf(l));
    return many && i >= SERIES - 1 ? SERIES - 1 : i;
  };
  const legend = names.map((n, i) => ({ name: n, amount: many && i === SERIES - 1 ? sum(ranked.slice(SERIES - 1).map((k) => totals.get(k)!)) : totals.get(n)! }));

  const { days } = monthRange(month);
  const columns = Array.from({ length: days }, (_, i) => {
    const at = new Date(month.year, month.month, i + 1).getTime();
    const key = dayKey(at);
    const parts = names.map((_, s) => sum(lines.filter((l) => l.day === key && seriesOf(l) === s).map((l) => l.micro)));
    return { at, key, parts, total: sum(parts), future: at > now };
  });
  const top = columns.reduce((a, c) => (c.total > a ? c.total : a), 0n);
  const coming = columns.filter((c) => c.future).length;
  const daily = coming && rest > 0n ? rest / BigInt(coming) : 0n;
  const nice = niceMax(Number(plain(daily > top ? daily : top)), 3);
  const step = (RIGHT - LEFT) / days;
  const bar = step * 0.83;
  /* Heights are for the eye: floats do here what they may not do to a sum. */
  const height = (micro: bigint) => (Number(plain(micro)) / nice.max) * (BASE - TOP);
  const ticks: number[] = [];
  for (let v = 0; v <= nice.max + nice.step / 2; v += nice.step) ticks.push(v);
  const digits = Number.isInteger(nice.step) ? 0 : Math.max(2, -Math.floor(Math.log10(nice.step) + 1e-9));
  const sign = currencySign(currency);

  /* On a phone the chart is wider than its card: today is what one looks for first. */
  const scroller = useRef<HTMLDivElement>(null);
  const last = columns.reduce((a, c, i) => (c.total || (!c.future && dayKey(now) === c.key) ? i : a), 0);
  useLayoutEffect(() => {
    const box = scroller.current!;
    box.scrollLeft = (box.scrollWidth * (LEFT + step * (last + 1))) / W - box.clientWidth * 0.9;
  }, [month.year, month.month]);

  return (
    <section class="card card-pad chart">
      <div class="chart-head section-center">
        <h2 class="h3">{t.usage.byDay}</h2>
        <span class="push" />
        <div class="seg" role="group" aria-label={t.usage.colour}>
          {BY.map((k) => (
            <button type="button" key={k} aria-pressed={by === k} onClick={() => setBy(k)}>
              {{ type: t.usage.byType, workspace: t.usage.byWorkspace, state: t.usage.byState }[k]}
            </button>
          ))}
        </div>
      </div>
      <div class="scrollx" ref={scroller} tabIndex={0} role="group" aria-label={t.usage.byDay}>
        <svg viewBox={`0 0 ${W} 230`} role="img" aria-label={t.usage.byDayLabel(monthName(month), cents(top, currency))}>
          {ticks.map((v, i) => {
            const y = BASE - (v / nice.max) * (BASE - TOP);
            return (
              <g key={v}>
                <line class={i ? "grid-line" : "base-line"} x1={LEFT} x2={RIGHT} y1={y} y2={y} />
                <text x={LEFT - 8} y={y + 4} text-anchor="end">{forms.money(sign, v ? fixed(v, digits) : "0").join("")}</text>
              </g>
            );
          })}
          {columns.map((c, i) => {
            let y = BASE - 0.6;
            const x = LEFT + step * i + (step - bar) / 2;
            return (
              <g key={c.key} class={c.total ? "day" : undefined} data-off={day && day !== c.key ? "true" : undefined} onClick={() => c.total && onDay(c.key)}>
                {c.total > 0n && <rect class="day-hit" x={LEFT + step * i} y={TOP} width={step} height={BASE - TOP} />}
                {c.total > 0n && <title>{`${dayLong(c.at)}, ${cents(c.total, currency)}`}</title>}
                {c.parts.map((p, s) => {
                  const h = height(p);
                  if (p <= 0n) return null; /* a correction can be below nothing */
                  y -= h;
                  return <rect class={`f${s + 1}`} key={s} x={x} y={y} width={bar} height={Math.max(0.5, h - 0.6)} />;
                })}
                {c.future && <rect class="day-future" x={x} y={BASE - 0.6 - Math.max(2, height(daily))} width={bar} height={Math.max(2, height(daily))} />}
              </g>
            );
          })}
          {columns.map((c, i) => {
            const today = c.key === dayKey(now);
            if (!today && i !== 0 && (i + 1) % 5) return null;
            if (!today && columns.some((o, j) => o.key === dayKey(now) && Math.abs(i - j) < 2)) return null;
            return (
              <text key={c.key} x={LEFT + step * (i + 0.5)} y="224" text-anchor="middle" class={today ? "today" : undefined}>
                {i + 1}
              </text>
            );
          })}
        </svg>
      </div>
      <div class="legend">
        {legend.map((l, i) => (
          <span class="num" key={l.name}>
            <i data-series={i + 1} />
            {l.name} <span class="t3">{cents(l.amount, currency)}</span>
          </span>
        ))}
        {daily > 0n && (
          <span>
            <i data-series="expected" />
            {t.usage.expected}
          </span>
        )}
      </div>
    </section>
  );
}
