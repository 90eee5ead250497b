/* SPDX-License-Identifier: Apache-2.0 */
/* Charts as plain SVG in the frame of components.css: horizontal grid, axis from 0, no smoothing. */
import type { ComponentChildren, JSX } from "preact";

export interface Point {
  at: number; /* ms */
  value: number;
}

export interface LineChartProps {
  title: string;
  unit?: string;
  now: ComponentChildren;
  label: string;
  points: Point[];
  from: number; /* ms: the left edge */
  to: number;
  max: number;
  ticks: [number, string][];
  series: 1 | 2 | 3;
  limit?: number;
  note?: string | undefined;
  fade?: boolean;
  axis: [string, string, string];
}

const LEFT = 34;
const RIGHT = 368;
const TOP = 6;
const BASE = 78;
const DRAWN_MAX = 600;

/* More points than are drawn: of each pixel's worth the smallest and the largest stay. */
export function thin(points: Point[], max: number): Point[] {
  if (points.length <= max) return points;
  const per = Math.ceil(points.length / (max / 2));
  const out: Point[] = [];
  for (let i = 0; i < points.length; i += per) {
    const part = points.slice(i, i + per);
    const low = part.reduce((a, b) => (b.value < a.value ? b : a));
    const high = part.reduce((a, b) => (b.value > a.value ? b : a));
    out.push(...(low.at <= high.at ? [low, high] : [high, low]));
  }
  return out.filter((p, i) => p !== out[i - 1]);
}

export function LineChart(p: LineChartProps): JSX.Element {
  const x = (at: number) => LEFT + ((at - p.from) / (p.to - p.from)) * (RIGHT - LEFT);
  const y = (v: number) => BASE - (Math.max(0, Math.min(v, p.max)) / (p.max || 1)) * (BASE - TOP);
  const drawn = thin(p.points.filter((q) => q.at >= p.from && q.at <= p.to), DRAWN_MAX);
  const path = drawn.map((q) => `${x(q.at).toFixed(1)},${y(q.value).toFixed(1)}`).join(" ");
  const last = drawn[drawn.length - 1];
  const middle = (LEFT + RIGHT) / 2;
  return (
    <section class="card card-pad chart" data-fade={p.fade ? "true" : undefined}>
      <div class="chart-head">
        <h2 class="h3">{p.title}</h2>
        {p.unit && <span class="t3 small">{p.unit}</span>}
        <span class="now">{p.now}</span>
      </div>
      <svg viewBox="0 0 372 96" role="img" aria-label={p.label}>
        {p.ticks.map(([v, text], i) => (
          <g key={text}>
            <line class={i ? "grid-line" : "base-line"} x1={LEFT} x2={RIGHT} y1={y(v)} y2={y(v)} />
            <text x={LEFT - 7} y={y(v) + 4} text-anchor="end">{text}</text>
          </g>
        ))}
        {drawn.length > 1 && (
          <>
            <path class={`area${p.series}`} d={`M${path} L${x(last!.at).toFixed(1)},${BASE} L${x(drawn[0]!.at).toFixed(1)},${BASE}Z`} />
            <path class={`line s${p.series}`} d={`M${path}`} />
          </>
        )}
        {p.limit !== undefined && <line class="limit" x1={LEFT} x2={RIGHT} y1={y(p.limit)} y2={y(p.limit)} />}
        {last && <circle class={`f${p.series}`} cx={x(last.at)} cy={y(last.value)} r="2.6" />}
        {p.note ? (
          <text x={middle} y={(TOP + BASE) / 2 + 4} text-anchor="middle">{p.note}</text>
        ) : null}
        <text x={LEFT} y="94" text-anchor="start">{p.axis[0]}</text>
        <text x={middle} y="94" text-anchor="middle">{p.axis[1]}</text>
        <text x={RIGHT} y="94" text-anchor="end">{p.axis[2]}</text>
      </svg>
    </section>
  );
}

/* Round steps of 1, 2 or 5 so that three to five ticks cover the value. */
export function niceMax(value: number, steps = 3): { max: number; step: number } {
  if (!(value > 0)) return { max: 1, step: 1 / steps };
  const raw = value / steps;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw - 1e-12)!;
  return { max: step * Math.ceil(value / step - 1e-9), step };
}
