/* SPDX-License-Identifier: Apache-2.0 */
/* HTML without a program of its own, tables above all: purified and in our own style. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../text/index";
import { purify } from "./purify";

const TALL_PX = 400;

/* A box that folds what is higher than that. */
export function Tall({ children, class: name }: { children: preact.ComponentChildren; class?: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const [tall, setTall] = useState(false);
  const [wide, setWide] = useState(false);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => {
    const el = ref.current!;
    const look = (): void => {
      setTall(el.scrollHeight > TALL_PX + 40);
      setWide(el.scrollWidth > el.clientWidth);
    };
    const seen = new ResizeObserver(look);
    seen.observe(el.firstElementChild ?? el);
    look();
    return () => seen.disconnect();
  }, []);
  return (
    <>
      <div ref={ref} class={`out-tallbox ${name ?? ""}`} data-folded={tall && !open ? "" : undefined} tabindex={tall || wide ? 0 : undefined} role={tall || wide ? "group" : undefined} aria-label={tall || wide ? t.run.output : undefined}>
        {children}
      </div>
      {tall && (
        <div class="out-tools">
          <button type="button" class="btn btn-s" data-kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? t.run.showLess : t.run.showWhole}
          </button>
        </div>
      )}
    </>
  );
}

export function HtmlOutput({ html }: { html: string }) {
  const ref = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const fragment = purify(html);
    for (const table of fragment.querySelectorAll("table")) {
      table.removeAttribute("border");
      const rows = table.tBodies[0]?.rows.length ?? 0;
      if (!table.caption) table.setAttribute("aria-label", t.run.table(rows));
    }
    ref.current!.replaceChildren(fragment);
  }, [html]);
  return (
    <Tall class="out-html">
      <div ref={ref} class="df" />
    </Tall>
  );
}
