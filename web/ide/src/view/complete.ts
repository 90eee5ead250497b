/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel would complete. An answer that comes late, or never, holds nobody up. */
import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import type { Control } from "./control";

const KINDS: Record<string, string> = { function: "f", module: "y", class: "y", instance: "", statement: "", keyword: "k", param: "m", magic: "c", path: "s" };

export function completions(c: Control): CompletionSource {
  return async (ctx: CompletionContext): Promise<CompletionResult | null> => {
    const kernel = c.kernel;
    if (!kernel || kernel.status === "dead" || kernel.status === "offline" || kernel.status === "none") return null;
    const code = ctx.state.sliceDoc();
    const answer = await kernel.complete(code, ctx.pos).catch(() => null);
    if (!answer || ctx.aborted || !answer.items.length) return null;
    const from = Math.min(answer.from, ctx.pos);
    const typed = code.slice(from, ctx.pos);
    const seen = new Set<string>();
    const options: Completion[] = [];
    for (const { text, type } of answer.items) {
      if (seen.has(text) || options.length >= 2000) continue;
      seen.add(text);
      const kind = Object.hasOwn(KINDS, type) ? KINDS[type]! : "";
      options.push({ label: text, ...(type && !/^<unknown>|unknown$/.test(type) ? { detail: type } : {}), ...(kind ? { type: kind } : {}), boost: text.startsWith("_") ? -50 : 0 });
    }
    /* One that fits is taken at once when it was asked for by Tab: CodeMirror does so by `applies`. */
    return { from, to: Math.max(answer.to, ctx.pos), options, validFor: typed.includes("/") ? /^[^\s"']*$/ : /^[\w.%]*$/, filter: true };
  };
}
