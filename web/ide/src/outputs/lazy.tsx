/* SPDX-License-Identifier: Apache-2.0 */
/* Markdown, and formulas: KaTeX is fetched when the first one is there. */
import { Marked } from "marked";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { HtmlOutput } from "./html";

const marked = new Marked({ gfm: true });

export function MathOutput({ source }: { source: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const [plain, setPlain] = useState(false);
  const display = /^\s*(\$\$|\\\[|\\begin)/.test(source);
  const inner = source.trim().replace(/^(\$\$|\\\[|\\\(|\$)/, "").replace(/(\$\$|\\\]|\\\)|\$)$/, "");
  useEffect(() => {
    let gone = false;
    Promise.all([import("katex"), import("katex/dist/katex.min.css")]).then(
      ([{ default: katex }]) => {
        if (gone || !ref.current) return;
        try {
          katex.render(inner, ref.current, { displayMode: display, throwOnError: true, trust: false, maxExpand: 1000, maxSize: 50 });
        } catch {
          setPlain(true);
        }
      },
      () => setPlain(true),
    );
    return () => void (gone = true);
  }, [inner, display]);
  return plain ? <pre class="out-text">{source}</pre> : <div ref={ref} class="out-math" />;
}

export function MarkdownOutput({ source }: { source: string }) {
  const html = useMemo(() => marked.parse(source.slice(0, 1 << 20), { async: false }), [source]);
  return <HtmlOutput html={html} />;
}
