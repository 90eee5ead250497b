/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal colours of a program's text: 16, 256 and true ones, as runs of one style. Other escape sequences are left out.
 * The state at a line's end is the one at the next line's beginning. https://ecma-international.org/publications-and-standards/standards/ecma-48/
 */
export type Colour = number | { r: number; g: number; b: number } | null; /* 0 to 15, a true one, the default */

export interface Style {
  fg: Colour;
  bg: Colour;
  bold: boolean;
  faint: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strike: boolean;
}

export interface Run {
  text: string;
  style: Style; /* the same object for the same style within a text */
}

export const PLAIN: Style = {
  fg: null,
  bg: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
};

/* CSI with its parameters and final byte; else OSC to its end; else any two-byte sequence; else what can't be shown. */
// eslint-disable-next-line no-control-regex
const ESCAPE = /\x1b\[([0-9;:]*)([ -/]*[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;
const PARAMETERS_MAX = 64;

export const hasEscapes = (text: string): boolean => text.includes("\x1b");

export function parse(text: string, start: Style = PLAIN): { runs: Run[]; end: Style } {
  const runs: Run[] = [];
  let style = start;
  let at = 0;
  const put = (to: number): void => {
    if (to > at) runs.push({ text: text.slice(at, to), style });
  };
  ESCAPE.lastIndex = 0;
  for (let m = ESCAPE.exec(text); m; m = ESCAPE.exec(text)) {
    put(m.index);
    at = ESCAPE.lastIndex;
    if (m[2] === "m") style = sgr(style, m[1]!);
  }
  put(text.length);
  return { runs, end: style };
}

/* Of a text, the state at its end alone. */
export function endOf(text: string, start: Style = PLAIN): Style {
  if (!hasEscapes(text)) return start;
  let style = start;
  // eslint-disable-next-line no-control-regex
  for (const m of text.matchAll(/\x1b\[([0-9;:]*)m/g)) style = sgr(style, m[1]!);
  return style;
}

export const strip = (text: string): string => text.replace(ESCAPE, "");

function sgr(before: Style, parameters: string): Style {
  const all = parameters.split(/[;:]/, PARAMETERS_MAX).map((p) => (p === "" ? 0 : Number(p)));
  let s: Style = { ...before };
  for (let i = 0; i < all.length; i++) {
    const p = all[i]!;
    if (p === 38 || p === 48) {
      const [colour, used] = extended(all, i + 1);
      if (colour !== undefined) s[p === 38 ? "fg" : "bg"] = colour;
      i += used;
    } else {
      s = one(s, p);
    }
  }
  return (Object.keys(PLAIN) as (keyof Style)[]).every((k) => s[k] === PLAIN[k]) ? PLAIN : s;
}

function one(s: Style, p: number): Style {
  if (p === 0) return { ...PLAIN };
  if (p === 1) s.bold = true;
  else if (p === 2) s.faint = true;
  else if (p === 3) s.italic = true;
  else if (p === 4) s.underline = true;
  else if (p === 7) s.inverse = true;
  else if (p === 9) s.strike = true;
  else if (p === 22) s.bold = s.faint = false;
  else if (p === 23) s.italic = false;
  else if (p === 24) s.underline = false;
  else if (p === 27) s.inverse = false;
  else if (p === 29) s.strike = false;
  else if (p >= 30 && p <= 37) s.fg = p - 30;
  else if (p === 39) s.fg = null;
  else if (p >= 40 && p <= 47) s.bg = p - 40;
  else if (p === 49) s.bg = null;
  else if (p >= 90 && p <= 97) s.fg = p - 82;
  else if (p >= 100 && p <= 107) s.bg = p - 92;
  return s;
}

/* 5;n of 256, 2;r;g;b: the colour and how many parameters it took. */
function extended(all: number[], i: number): [Colour | undefined, number] {
  if (all[i] === 5) return [indexed(all[i + 1]), 2];
  if (all[i] !== 2) return [undefined, 1];
  const [r, g, b] = [all[i + 1], all[i + 2], all[i + 3]];
  const ok = [r, g, b].every((v) => v !== undefined && v >= 0 && v <= 255);
  return [ok ? { r: r!, g: g!, b: b! } : undefined, 4];
}

function indexed(n: number | undefined): Colour | undefined {
  if (n === undefined || !(n >= 0 && n <= 255)) return undefined;
  if (n < 16) return n;
  if (n >= 232) {
    const v = 8 + 10 * (n - 232);
    return { r: v, g: v, b: v };
  }
  const level = (v: number): number => (v ? 55 + 40 * v : 0);
  return { r: level(Math.floor((n - 16) / 36)), g: level(Math.floor((n - 16) / 6) % 6), b: level((n - 16) % 6) };
}
