/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a program's text with their colours, and links where there are addresses. */
import { Fragment, type JSX } from "preact";
import { t } from "../text/index";
import { type Run, type Style, PLAIN, parse } from "./ansi";
import { lookOf } from "./colours";

const LINE_MAX = 10_000; /* characters of one line that are shown */
const ADDRESS = /https?:\/\/[^\s<>"'`\\^{}|\x00-\x1f]{3,2000}/g;
const CLOSING = /[.,;:!?)\]]+$/;

function withLinks(text: string): (string | JSX.Element)[] {
  if (!text.includes("://")) return [text];
  const parts: (string | JSX.Element)[] = [];
  let at = 0;
  for (const m of text.matchAll(ADDRESS)) {
    const url = m[0].replace(CLOSING, "");
    parts.push(text.slice(at, m.index), <a href={url} target="_blank" rel="noopener noreferrer">{url}</a>);
    at = m.index + url.length;
  }
  return [...parts, text.slice(at)];
}

function Runs({ runs }: { runs: Run[] }) {
  return (
    <>
      {runs.map((r) => (r.style === PLAIN ? <Fragment>{withLinks(r.text)}</Fragment> : <span style={{ ...lookOf(r.style) }}>{withLinks(r.text)}</span>))}
    </>
  );
}

/* One node a line, each ended, so that what is selected and copied has the lines' ends. */
export function Lines({ lines, style, class: name }: { lines: readonly string[]; style?: Style; class?: string }) {
  let state = style ?? PLAIN;
  return (
    <>
      {lines.map((line) => {
        const cut = line.length > LINE_MAX;
        const { runs, end } = parse(cut ? line.slice(0, LINE_MAX) : line, state);
        state = end;
        return (
          <div class={name ?? "line"}>
            <Runs runs={runs} />
            {cut && <span class="t3">{t.run.cut(line.length - LINE_MAX)}</span>}
            {"\n"}
          </div>
        );
      })}
    </>
  );
}

export function Ansi({ text }: { text: string }) {
  return <Runs runs={parse(text).runs} />;
}
