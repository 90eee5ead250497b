/* SPDX-License-Identifier: Apache-2.0 */
/* Source as text with the colours of its syntax; of a language that we can't read, as text. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { pythonLanguage } from "@codemirror/lang-python";
import { classHighlighter, highlightCode } from "@lezer/highlight";

const MOST = 50_000;

export function Code({ text, language }: { text: string; language: string }): JSX.Element {
  const parts = useMemo(() => (language.startsWith("python") && text.length < MOST ? colour(text) : null), [text, language]);
  return <pre class="code pv-source">{parts ?? text}</pre>;
}

function colour(text: string): (JSX.Element | string)[] | null {
  const out: (JSX.Element | string)[] = [];
  try {
    highlightCode(
      text,
      pythonLanguage.parser.parse(text),
      classHighlighter,
      (part, classes) => out.push(classes ? <span class={classes} key={out.length}>{part}</span> : part),
      () => out.push("\n"),
    );
  } catch {
    return null;
  }
  return out;
}
