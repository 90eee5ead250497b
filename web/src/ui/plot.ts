/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uPlot in Carrel's clothes, loaded when the first chart is seen. Colours are read from the tokens, which
 * are registered as colours, and read again when the theme changes. What moves the hair or chooses a range is
 * told to the chart, which tells all charts of its page.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Table } from "../lib/points";

export interface PlotInput {
  table: Table;
  series: number[]; /* which of the six colours, one a column */
  from: number; /* ms */
  to: number;
  max: number;
  ticks: [number, string][];
  limit?: number | undefined;
  area: boolean;
}

export interface PlotTold {
  hair(at: number | null): void;
  range(from: number, to: number): void;
}

const HEIGHT = 104;
const LEFT = 44;
const PAD: [number, number, number, number] = [8, 8, 5, 0];

interface Colours {
  series: string[];
  grid: string;
  base: string;
  axis: string;
  limit: string;
  font: string;
}

function coloursOf(el: Element): Colours {
  const css = getComputedStyle(el);
  const of = (name: string) => css.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((n) => of(`--chart-${n}`)),
    grid: of("--chart-grid"),
    base: of("--chart-axis"),
    axis: of("--chart-axis"),
    limit: of("--chart-6"),
    font: `11px ${css.fontFamily}`,
  };
}

export class Plot {
  private u: uPlot;
  private colours: Colours;
  private input: PlotInput;

  constructor(private el: HTMLElement, input: PlotInput, private told: PlotTold) {
    this.input = input;
    this.colours = coloursOf(el);
    this.u = new uPlot(this.options(), this.data(), el);
    /* The pointer itself is listened to: uPlot's own hook also tells of what data and zoom did to its cursor. */
    this.u.over.addEventListener("mousemove", (e) => this.told.hair(this.u.posToVal(e.offsetX, "x") * 1000));
    this.u.over.addEventListener("mouseleave", () => this.told.hair(null));
  }

  /* Columns of another kind need another plot; everything else is put into this one. */
  fits(input: PlotInput): boolean {
    return input.series.join() === this.input.series.join() && input.area === this.input.area;
  }

  put(input: PlotInput): void {
    this.input = input;
    this.u.setData(this.data(), true);
  }

  size(width: number): void {
    if (width > 0 && Math.round(width) !== this.u.width) this.u.setSize({ width: Math.round(width), height: HEIGHT });
  }

  theme(): void {
    this.colours = coloursOf(this.el);
    this.u.redraw(false, true);
  }

  hair(at: number | null): void {
    const left = at === null ? -10 : this.u.valToPos(at / 1000, "x");
    this.u.setCursor({ left, top: at === null ? -10 : 1 }, false);
  }

  gone(): void {
    this.u.destroy();
  }

  private data(): uPlot.AlignedData {
    const t = this.input.table;
    return [t.times.map((x) => x / 1000), ...t.columns] as uPlot.AlignedData;
  }

  private colour(k: number): string {
    return this.colours.series[(this.input.series[k] ?? 1) - 1] ?? this.colours.axis;
  }

  private options(): uPlot.Options {
    return {
      width: Math.max(60, Math.round(this.el.clientWidth)),
      height: HEIGHT,
      padding: PAD,
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [this.input.from / 1000, this.input.to / 1000] },
        y: { range: () => [0, this.input.max || 1] },
      },
      series: [{}, ...this.input.series.map((_, k) => this.series(k))],
      axes: [{ show: false }, this.axis()],
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
        focus: { prox: -1 },
      },
      hooks: {
        setSelect: [(u) => this.onSelect(u)],
        draw: [(u) => this.over(u)],
      },
    };
  }

  private series(k: number): uPlot.Series {
    const line: uPlot.Series = { stroke: () => this.colour(k), width: 1.5, points: { show: false }, spanGaps: false };
    if (this.input.area && k === 0) line.fill = () => `color-mix(in oklab, ${this.colour(0)} 13%, transparent)`;
    return line;
  }

  private axis(): uPlot.Axis {
    return {
      size: LEFT,
      gap: 6,
      font: this.colours.font,
      stroke: () => this.colours.axis,
      splits: () => this.input.ticks.map(([v]) => v),
      values: () => this.input.ticks.map(([, text]) => text),
      ticks: { show: false },
      grid: { stroke: () => this.colours.grid, width: 1 },
    };
  }

  /* The limit, the floor, and a dot where each line ends. */
  private over(u: uPlot): void {
    const c = u.ctx;
    const { left, width, top, height } = u.bbox;
    const ratio = uPlot.pxRatio;
    c.save();
    const across = (v: number, stroke: string, dash: number[]) => {
      const y = Math.round(u.valToPos(v, "y", true)) + 0.5;
      c.beginPath();
      c.strokeStyle = stroke;
      c.lineWidth = ratio;
      c.setLineDash(dash.map((d) => d * ratio));
      c.moveTo(left, y);
      c.lineTo(left + width, y);
      c.stroke();
    };
    across(0, this.colours.base, []);
    if (this.input.limit !== undefined) across(this.input.limit, this.colours.limit, [4, 3]);
    c.setLineDash([]);
    this.input.table.columns.forEach((column, k) => {
      let i = column.length - 1;
      while (i >= 0 && column[i] === null) i--;
      const at = this.input.table.times[i];
      if (i < 0 || at === undefined || at < this.input.from || at > this.input.to) return;
      const x = u.valToPos(at / 1000, "x", true);
      const y = u.valToPos(column[i]!, "y", true);
      if (y < top - 4 || y > top + height + 4) return;
      c.beginPath();
      c.fillStyle = this.colour(k);
      c.arc(x, y, 2.6 * ratio, 0, 2 * Math.PI);
      c.fill();
    });
    c.restore();
  }

  private onSelect(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    const from = u.posToVal(left, "x") * 1000;
    const to = u.posToVal(left + width, "x") * 1000;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.told.range(from, to);
  }
}
