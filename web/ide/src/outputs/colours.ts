/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's colours as ones that can be read: each foreground is moved towards black or white until it has 4.5:1 on
 * what lies behind it, in both themes.
 */
import type { Colour, Style } from "./ansi";

type Rgb = { r: number; g: number; b: number };

const hex = (h: string): Rgb => ({ r: parseInt(h.slice(1, 3), 16), g: parseInt(h.slice(3, 5), 16), b: parseInt(h.slice(5, 7), 16) });
/* black, red, green, yellow, blue, magenta, cyan, white: the tokens' own hues; then the bright ones. */
const LIGHT = ["#221d18", "#a1302b", "#1c6142", "#7a4a04", "#16558c", "#82326c", "#005e66", "#69625b", "#504942", "#ae2e2a", "#155a43", "#8a5a10", "#20609b", "#a5538c", "#0b5b62", "#221d18"].map(hex);
const DARK = ["#98938c", "#f6908a", "#88d1a2", "#efbf6c", "#87c2ec", "#ea9ed1", "#8acfd6", "#ece9e4", "#b9b5ae", "#ffa9a3", "#6ed1aa", "#f7d08a", "#a3d2f5", "#f3b5de", "#a5dfe5", "#ffffff"].map(hex);
/* Grounds are the terminal's usual ones in both themes. */
const GROUND = ["#221d18", "#a1302b", "#1c6142", "#efbf6c", "#16558c", "#82326c", "#8acfd6", "#ece9e4", "#69625b", "#f6908a", "#88d1a2", "#f7d08a", "#87c2ec", "#ea9ed1", "#a5dfe5", "#ffffff"].map(hex);
const PAPER = { light: hex("#fce9e6"), dark: hex("#41211f") }; /* the least favourable ground of each theme: that of errors */
const TEXT = { light: hex("#221d18"), dark: hex("#ece9e4") };
const WANTED = 4.5;

function luminance({ r, g, b }: Rgb): number {
  const lin = (v: number): number => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * lin(r) + 0.7152 * lin(g) + 0.0722 * lin(b);
}

export function contrast(a: Rgb, b: Rgb): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/* The nearest on the way to black or white. */
export function readable(c: Rgb, on: Rgb): Rgb {
  if (contrast(c, on) >= WANTED) return c;
  const to = contrast({ r: 0, g: 0, b: 0 }, on) > contrast({ r: 255, g: 255, b: 255 }, on) ? 0 : 255;
  let mixed = c;
  for (let part = 0.05; part < 1.01; part += 0.05) {
    const mix = (v: number): number => Math.round(v + (to - v) * part);
    mixed = { r: mix(c.r), g: mix(c.g), b: mix(c.b) };
    if (contrast(mixed, on) >= WANTED) break;
  }
  return mixed;
}

const css = ({ r, g, b }: Rgb): string => `rgb(${r} ${g} ${b})`;
const pick = (c: Colour, of: Rgb[], otherwise: Rgb): Rgb => (c === null ? otherwise : typeof c === "number" ? of[c]! : c);

export interface Look {
  color?: string;
  backgroundColor?: string;
  fontWeight?: string;
  fontStyle?: string;
  textDecoration?: string;
}

const looks = new WeakMap<Style, Look>();

/* As the object model takes it: the page's policy allows no style in text. */
export function lookOf(s: Style): Look {
  const known = looks.get(s);
  if (known) return known;
  const look: Look = { ...colours(s) };
  if (s.bold) look.fontWeight = "600";
  if (s.italic) look.fontStyle = "italic";
  const lines = [s.underline && "underline", s.strike && "line-through"].filter(Boolean);
  if (lines.length) look.textDecoration = lines.join(" ");
  looks.set(s, look);
  return look;
}

function colours(s: Style): Look {
  const { fg, bg } = s;
  if (s.inverse) {
    /* The text's colour lies behind, the ground's in front. */
    const behind = { light: pick(fg, LIGHT, TEXT.light), dark: pick(fg, DARK, TEXT.dark) };
    const front = (theme: "light" | "dark"): string => css(readable(pick(bg, GROUND, PAPER[theme]), behind[theme]));
    return { backgroundColor: `light-dark(${css(behind.light)}, ${css(behind.dark)})`, color: `light-dark(${front("light")}, ${front("dark")})` };
  }
  if (bg !== null) {
    const ground = pick(bg, GROUND, PAPER.light);
    const bright = luminance(ground) > 0.3;
    return { backgroundColor: css(ground), color: css(readable(pick(fg, bright ? LIGHT : DARK, bright ? TEXT.light : TEXT.dark), ground)) };
  }
  if (fg === null) return s.faint ? { color: "var(--text-3)" } : {};
  const on = (theme: "light" | "dark"): string => css(readable(pick(fg, theme === "light" ? LIGHT : DARK, TEXT[theme]), PAPER[theme]));
  return { color: `light-dark(${on("light")}, ${on("dark")})` };
}
