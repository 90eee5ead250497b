/* SPDX-License-Identifier: Apache-2.0 */
/* Completion, help and silent code. Jupyter counts code points; an editor counts UTF-16 units. */
import type { JsonObject } from "../model/types";
import type { Reply } from "./requests";
import type { Completion } from "./types";

export type Question = (type: string, content: object, whole: boolean, timeout: number) => Promise<Reply | null>;

/* A first completion takes a busy machine many seconds. Who types on meanwhile sees nothing of it. */
const PATIENCE_MS = 30_000;
const ASK_MS = 15_000;
const ITEMS_MAX = 2_000;

export const points = (code: string, units: number): number => [...code.slice(0, units)].length;

export function units(code: string, count: number): number {
  let at = 0;
  for (let i = 0; i < count && at < code.length; i++) at += code.codePointAt(at)! > 0xffff ? 2 : 1;
  return at;
}

export async function complete(ask: Question, code: string, at: number): Promise<Completion | null> {
  const reply = await ask("complete_request", { code, cursor_pos: points(code, at) }, false, PATIENCE_MS);
  const c = reply?.content;
  if (c?.status !== "ok" || !Array.isArray(c.matches)) return null;
  const types = new Map<string, string>();
  const typed = (c.metadata as Record<string, unknown> | undefined)?._jupyter_types_experimental;
  for (const t of Array.isArray(typed) ? (typed as Record<string, unknown>[]) : []) types.set(String(t.text), String(t.type ?? ""));
  return {
    from: units(code, Number(c.cursor_start) || 0),
    to: units(code, Number(c.cursor_end) || 0),
    items: c.matches.slice(0, ITEMS_MAX).map((m) => ({ text: String(m), type: known(types.get(String(m))) })),
  };
}

const known = (type: string | undefined): string => (type && type !== "<unknown>" ? type : "");

export async function inspect(ask: Question, code: string, at: number, detail: 0 | 1): Promise<JsonObject | null> {
  const content = { code, cursor_pos: points(code, at), detail_level: detail };
  const c = (await ask("inspect_request", content, false, PATIENCE_MS))?.content;
  return c?.status === "ok" && c.found === true ? (c.data as JsonObject) : null;
}

/* Nothing of it is in the history, counted, or shown; with expressions it is not even told to other pages. What it printed comes as "stdout". */
export async function ask(question: Question, code: string, expressions: Record<string, string>): Promise<JsonObject | null> {
  const content = { code, silent: Object.keys(expressions).length > 0, store_history: false, user_expressions: expressions, allow_stdin: false, stop_on_error: false };
  const reply = await question("execute_request", content, true, ASK_MS);
  if (!reply || reply.content.status !== "ok") return null;
  const stdout = reply.said
    .filter((m) => m.header.msg_type === "stream" && m.content.name === "stdout")
    .map((m) => String(m.content.text ?? ""))
    .join("");
  return { stdout, ...(reply.content.user_expressions as JsonObject | undefined) };
}
