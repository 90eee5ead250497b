// Measures WCAG 2.2 contrast of every token pair that the components use, light and dark, straight from tokens.css.
// Usage: node contrast.mjs            prints a Markdown table; exit status 1 if a pair is below its minimum.
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("../src/ui/tokens.css", import.meta.url), "utf8");
const token = {};
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g))
  token[name] = { light, dark };

const channel = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => {
  const [r, g, b] = [1, 3, 5].map((i) => channel(parseInt(hex.slice(i, i + 2), 16)));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};

const surfaces = ["bg", "surface", "sunken", "raised", "hover", "selected"];
const states = ["queued", "starting", "running", "frozen", "stopping", "stopped", "failed", "lost"];
const rows = [];
const worst = (fg, bgs, min) => rows.push({ fg, bgs, min });
for (const t of ["text", "text-2", "text-3", "accent-text"]) worst(t, surfaces, 4.5);
for (const t of ["info", "warn", "danger"]) worst(t, ["bg", "surface", "raised", `${t}-soft`], 4.5);
worst("text", ["accent-soft", "info-soft", "warn-soft", "danger-soft"], 4.5);
worst("text-2", ["accent-soft", "info-soft", "warn-soft", "danger-soft"], 4.5);
worst("accent-text", ["accent-soft"], 4.5);
worst("on-accent", ["accent", "accent-hover", "accent-press"], 4.5);
worst("on-danger", ["danger-fill"], 4.5);
for (const s of states) worst(`${s}-fg`, [`${s}-bg`, "surface", "hover"], 4.5);
for (const s of ["keyword", "string", "number", "function", "comment", "type"]) worst(`syn-${s}`, ["surface", "sunken"], 4.5);
worst("chart-axis", ["bg", "surface"], 4.5);
worst("line-control", ["bg", "surface", "sunken", "raised"], 3);
worst("focus", ["bg", "surface", "sunken", "raised", "selected"], 3);
for (let i = 1; i <= 6; i++) worst(`chart-${i}`, ["surface", "bg"], 3);

let bad = 0;
console.log("| foreground | on (worst of) | needs | light | dark |\n|---|---|---|---|---|");
for (const { fg, bgs, min } of rows) {
  const cell = (mode) => {
    const value = Math.min(...bgs.map((bg) => ratio(token[fg][mode], token[bg][mode])));
    if (value < min) bad++;
    return (Math.floor(value * 100) / 100).toFixed(2) + (value < min ? " **low**" : "");
  };
  console.log(`| ${fg} | ${bgs.join(", ")} | ${min} | ${cell("light")} | ${cell("dark")} |`);
}
process.exitCode = bad ? 1 : 0;
