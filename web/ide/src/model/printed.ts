/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs as their text in the file. Each is printed once: what was read keeps its bytes, what was printed is known to its
 * snapshot, and a stream that grew is printed from where it was. So a save during a flood of lines costs what came since.
 */
import { splitLines } from "./lines";
import { outputOut } from "./outputs-form";
import { print } from "./print";
import type { Output } from "./types";

export const OUTPUT = 4; /* how deep one stands in the file */
const PIECE = 64 << 10; /* characters of a stream that are printed at once */

const whole = new WeakMap<Output, string>();

export function setPrinted(o: Output, text: string): void {
  whole.set(o, text);
}

/* As it stood in the file, or was printed. */
export function printed(o: Output): string | undefined {
  return whole.get(o);
}

/* The beginning of a stream, in whole lines: these characters of it as members of a list. */
interface Lines {
  indent: string;
  upTo: number;
  text: string;
  newest: Output; /* the snapshot that it follows: all before it begin alike */
}

const streams = new WeakMap<Output, Lines>();
type Stream = Output & { output_type: "stream" };

/* next is this stream and more behind it. */
export function grown(stream: Output, next: Output): void {
  const lines = streams.get(stream);
  if (lines?.newest !== stream) return;
  lines.newest = next;
  streams.set(next, lines);
}

const separator = (indent: string): string => (indent ? `,\n${indent.repeat(OUTPUT + 2)}` : ",");
const items = (text: string, indent: string): string => splitLines(text).map((l) => JSON.stringify(l)).join(separator(indent));

function linesOf(o: Stream, indent: string): Lines {
  let lines = streams.get(o);
  /* What a later snapshot has taken further is of no use for an earlier one. */
  if (!lines || lines.indent !== indent || lines.upTo > o.text.length)
    streams.set(o, (lines = { indent, upTo: 0, text: "", newest: o }));
  return lines;
}

/* One more piece; false if what is left is less than that. */
function further(o: Stream, lines: Lines): boolean {
  const { text } = o;
  if (text.length - lines.upTo < PIECE) return false;
  let end = text.lastIndexOf("\n", lines.upTo + PIECE) + 1;
  if (end <= lines.upTo) end = text.indexOf("\n", lines.upTo + PIECE) + 1;
  if (end === 0) return false; /* a line without an end */
  lines.text += (lines.upTo ? separator(lines.indent) : "") + items(text.slice(lines.upTo, end), lines.indent);
  lines.upTo = end;
  return true;
}

function streamText(o: Stream, indent: string): string {
  const lines = linesOf(o, indent);
  while (further(o, lines));
  if (!lines.upTo) return print(outputOut(o), indent, OUTPUT);
  const rest = o.text.slice(lines.upTo), nl = indent ? `\n${indent.repeat(OUTPUT + 1)}` : "";
  const list = `[${nl && nl + indent}${lines.text}${rest && separator(indent) + items(rest, indent)}${nl}]`;
  /* Its text is the last member. */
  return print({ name: o.name, output_type: o.output_type, text: [] }, indent, OUTPUT).replace(/\[\](?=\s*\}$)/, () => list);
}

export function outputText(o: Output, indent: string): string {
  const known = whole.get(o);
  if (known !== undefined) return known;
  const text = o.output_type === "stream" ? streamText(o, indent) : print(outputOut(o), indent, OUTPUT);
  if (o.output_type !== "stream") whole.set(o, text);
  return text;
}

/* Makes outputText quick: call it until it says true, with rests between. */
export function printSome(o: Output, indent: string): boolean {
  if (o.output_type === "stream" && !whole.has(o)) return !further(o, linesOf(o, indent));
  outputText(o, indent);
  return true;
}
