/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one chart of the console. All charts of a page share a hair (the same moment on each, with its values) and a
 * range; arrow keys move the hair, a drawn range zooms, Esc takes both back. A table with the same figures stands
 * behind each. The drawing itself is a piece of the program of its own (plot.ts).
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Column, between, nearest, summary, thin, withGaps } from "../lib/points";
import { type Store, createStore, useStore } from "../lib/store";
import { theme } from "../lib/theme";
import { clock } from "../lib/time";
import { t } from "../text";
import { Icon } from "./icons";
import type { Plot, PlotInput } from "./plot";

export interface Group {
  hair: number | null;
  zoom: [number, number] | null;
}

export function useChartGroup(): Store<Group> {
  return useMemo(() => createStore<Group>({ hair: null, zoom: null }), []);
}

export interface Line {
  name: string;
  values: Column;
  colour: 1 | 2 | 3 | 4 | 5 | 6;
}

export interface ChartProps {
  group: Store<Group>;
  title: string;
  unit?: string | undefined;
  now?: ComponentChildren; /* at the right of the title while no hair is there */
  times: number[];
  lines: Line[];
  from: number; /* ms: what is shown without a zoom */
  to: number;
  max: number;
  ticks: [number, string][];
  format: (v: number) => string; /* a value with its unit, for hair and table */
  axis: [string, string, string]; /* words under the left edge, the middle, the right one */
  limit?: number | undefined;
  note?: string | undefined; /* in the middle, when there is nothing to draw */
  fade?: boolean;
}

const TABLE_ROWS = 60;

export function Chart(p: ChartProps): JSX.Element {
  const zoom = useStore(p.group, (g) => g.zoom);
  const hair = useStore(p.group, (g) => g.hair);
  const [open, setOpen] = useState(false);
  const from = zoom?.[0] ?? p.from;
  const to = zoom?.[1] ?? p.to;
  const table = useMemo(() => ({ times: p.times, columns: p.lines.map((l) => l.values) }), [p.times, ...p.lines.map((l) => l.values)]);
  const shown = useMemo(() => between(table, from, to), [table, from, to]);
  const drawn = useMemo(() => thin(withGaps(shown)), [shown]);
  const input: PlotInput = {
    table: drawn, series: p.lines.map((l) => l.colour), from, to, max: p.max, ticks: p.ticks, limit: p.limit, area: p.lines.length === 1,
  };
  const at = hair === null ? -1 : nearest(p.times, hair);
  const words = (i: number) => p.lines.map((l) => t.chart.value(p.lines.length > 1 ? l.name : "", l.values[i] == null ? t.chart.none : p.format(l.values[i]!))).join(", ");
  const last = p.times.length - 1;
  const seconds = to - from < 7_200_000;
  const spoken = at >= 0 ? `${clock(p.times[at]!, seconds)}, ${words(at)}` : last >= 0 ? words(last) : (p.note ?? t.chart.none);
  return (
    <section class="card card-pad chart" data-fade={p.fade ? "true" : undefined}>
      <div class="chart-head">
        <h2 class="h3">{p.title}</h2>
        {p.unit && <span class="t3 small">{p.unit}</span>}
        <span class="now num">
          {at >= 0 ? (
            <>
              <span class="t3 small regular">{clock(p.times[at]!, seconds)} </span>
              {p.lines.length === 1 ? (p.lines[0]!.values[at] == null ? "–" : p.format(p.lines[0]!.values[at]!)) : ""}
            </>
          ) : (
            p.now
          )}
        </span>
        <button class="btn btn-s btn-icon chart-more" data-kind="quiet" type="button" aria-expanded={open} aria-label={t.chart.table(p.title)} title={t.chart.table(p.title)} onClick={() => setOpen(!open)}>
          <Icon name="list" size="s" />
        </button>
      </div>
      {p.lines.length > 1 && (
        <p class="legend small num">
          {p.lines.map((l) => (
            <span key={l.name}>
              <i data-series={l.colour} />
              {t.chart.value(l.name, at >= 0 ? (l.values[at] == null ? "–" : p.format(l.values[at]!)) : "")}
            </span>
          ))}
        </p>
      )}
      <Canvas p={p} input={input} hair={at >= 0 ? p.times[at]! : null} spoken={spoken} from={from} to={to} />
      <p class="chart-axis num" aria-hidden="true">
        <span>{zoom ? clock(from, true) : p.axis[0]}</span>
        <span>{zoom ? clock((from + to) / 2, true) : p.axis[1]}</span>
        <span>{zoom ? clock(to, true) : p.axis[2]}</span>
      </p>
      {zoom && (
        <p class="small">
          <button class="link small" type="button" onClick={() => p.group.set({ zoom: null })}>{t.chart.whole}</button>
        </p>
      )}
      {open && <Behind p={p} shown={shown} />}
    </section>
  );
}

function Canvas({ p, input, hair, spoken, from, to }: { p: ChartProps; input: PlotInput; hair: number | null; spoken: string; from: number; to: number }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const latest = useRef(input);
  latest.current = input;
  const [ready, setReady] = useState<"no" | "yes" | "failed">("no");
  const empty = input.table.times.length === 0;

  useEffect(() => {
    let gone = false;
    let made: Plot | null = null;
    const told = {
      hair: (at: number | null) => p.group.set({ hair: at }),
      range: (a: number, b: number) => b - a > 1000 && p.group.set({ zoom: [a, b], hair: null }),
    };
    const again = () => made?.theme();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const sizes = new ResizeObserver(() => made?.size(box.current?.clientWidth ?? 0));
    const unwatch = theme.watch(again);
    dark.addEventListener("change", again);
    import("./plot").then(
      (m) => {
        if (gone || !box.current) return;
        plot.current = made = new m.Plot(box.current, latest.current, told);
        sizes.observe(box.current);
        setReady("yes");
      },
      () => !gone && setReady("failed"),
    );
    return () => {
      gone = true;
      sizes.disconnect();
      unwatch();
      dark.removeEventListener("change", again);
      plot.current = null;
      made?.gone();
    };
  }, [input.series.join(), input.area]);

  useEffect(() => plot.current?.put(input), [ready, input.table, from, to, input.max, input.limit]);
  useEffect(() => plot.current?.hair(hair), [ready, hair, input.table, from, to]);

  const onKey = (e: KeyboardEvent) => {
    const times = p.times.filter((x) => x >= from && x <= to);
    if (e.key === "Escape") {
      if (hair === null && !p.group.get().zoom) return;
      p.group.set(hair !== null ? { hair: null } : { zoom: null });
    } else {
      if (!times.length) return;
      const at = hair === null ? times.length : nearest(times, hair);
      const far = Math.max(1, Math.round(times.length / 20));
      const to_: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, PageDown: at - far, PageUp: at + far, Home: 0, End: times.length - 1 };
      if (!(e.key in to_)) return;
      p.group.set({ hair: times[Math.max(0, Math.min(times.length - 1, to_[e.key]!))]! });
    }
    e.preventDefault();
    e.stopPropagation();
  };
  const span = Math.max(1, to - from);
  return (
    <div
      class="plot"
      ref={box}
      tabIndex={0}
      role="slider"
      aria-label={t.chart.label(p.title)}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(Math.max(0, Math.min(100, (((hair ?? to) - from) / span) * 100)))}
      aria-valuetext={spoken}
      onKeyDown={onKey}
      onBlur={() => p.group.set({ hair: null })}
    >
      {(p.note || ready === "failed") && empty && <span class="plot-note t3 small">{ready === "failed" ? t.chart.noDrawing : p.note}</span>}
    </div>
  );
}

function Behind({ p, shown }: { p: ChartProps; shown: { times: number[]; columns: Column[] } }): JSX.Element {
  const rows = summary(shown, TABLE_ROWS);
  const range = (r: [number, number] | null) => (r === null ? t.chart.none : r[0] === r[1] ? p.format(r[0]) : t.chart.range(p.format(r[0]), p.format(r[1])));
  return (
    <div class="chart-table" tabIndex={0} role="region" aria-label={t.chart.table(p.title)}>
      <table class="table compact">
        <caption class="vh">{t.chart.table(p.title)}</caption>
        <thead>
          <tr>
            <th scope="col">{t.chart.time}</th>
            {p.lines.map((l) => (
              <th scope="col" class="n" key={l.name}>{l.name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => (
            <tr key={r.at}>
              <th scope="row" class="num regular">{clock(r.at, true)}</th>
              {r.ranges.map((x, k) => (
                <td class="n num" key={k}>{range(x)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {!rows.length && <p class="t3 small">{p.note ?? t.chart.none}</p>}
    </div>
  );
}
