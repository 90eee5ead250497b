/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program's text. Up to 40 lines stand as they are; longer ones show their first and last lines, and all of them in a
 * box of its own height in which only the lines in sight exist.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Output } from "../model/types";
import { t } from "../text/index";
import { saveText } from "./download";
import { Lines } from "./line";
import type { LongText } from "./longtext";

export const FOLD = 40;
const HEAD = 20;
const TAIL = 19;
const LINE_PX = 19;
const BOX_PX = 480;
const TALLEST_PX = 8_000_000; /* browsers end near 33 million; taller texts scroll in proportion */
const SPARE = 12;

function Folded({ text, open }: { text: LongText; open: () => void }) {
  const head = text.slice(0, HEAD);
  const tail = text.slice(text.lines - TAIL, text.lines);
  return (
    <pre class="out-text out-wide" tabindex={0} role="group" aria-label={t.run.output}>
      <Lines lines={head.lines} style={head.style} />
      <div class="out-fold">
        <button type="button" class="btn btn-s" onClick={open}>
          {t.run.showAll(text.lines)}
        </button>
        <span class="t3 small num">{t.run.moreLines(text.lines - HEAD - TAIL)}</span>
      </div>
      <Lines lines={tail.lines} style={tail.style} />
    </pre>
  );
}

/* Which lines are in sight, for a text of any height. */
function window_(box: HTMLElement | null, total: number): { from: number; to: number; scale: number; height: number } {
  const full = total * LINE_PX;
  const height = Math.min(full, TALLEST_PX);
  const scale = height > BOX_PX ? (full - BOX_PX) / (height - BOX_PX) : 1;
  const top = Math.max(0, Math.floor(((box?.scrollTop ?? 0) * scale) / LINE_PX) - SPARE);
  return { from: top, to: Math.min(total, top + Math.ceil(BOX_PX / LINE_PX) + 2 * SPARE), scale, height };
}

function Box({ text, close }: { text: LongText; close: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [, again] = useState({});
  const follow = useRef(true);
  const { from, to, scale, height } = window_(box.current, text.lines);
  const { lines, style } = text.slice(from, to);
  useLayoutEffect(() => {
    const b = box.current;
    if (b && follow.current) b.scrollTop = b.scrollHeight;
  });
  const scrolled = (): void => {
    const b = box.current!;
    follow.current = b.scrollHeight - b.scrollTop - b.clientHeight < LINE_PX;
    again({});
  };
  const offset = scale === 1 ? from * LINE_PX : Math.max(0, (box.current?.scrollTop ?? 0) - (((box.current?.scrollTop ?? 0) * scale) % LINE_PX) - SPARE * LINE_PX);
  return (
    <>
      <div ref={box} class="out-box" tabindex={0} role="region" aria-label={t.run.scrollHint} onScroll={scrolled}>
        <div class="out-tall" style={{ height: `${height}px` }}>
          <pre class="out-text out-wide" style={{ transform: `translateY(${offset}px)` }}>
            <Lines lines={lines} style={style} />
          </pre>
        </div>
      </div>
      <div class="out-tools">
        <button type="button" class="btn btn-s" data-kind="quiet" onClick={close}>
          {t.run.showLess}
        </button>
        <button type="button" class="btn btn-s" data-kind="quiet" onClick={() => saveText(text.whole(), "output.txt")}>
          {t.run.download}
        </button>
      </div>
    </>
  );
}

export function StreamOutput({ text, name }: { text: LongText; name: string; of: Output }) {
  const [open, setOpen] = useState(false);
  const total = text.lines;
  useEffect(() => {
    if (total <= FOLD) setOpen(false);
  }, [total <= FOLD]);
  const whole = total <= FOLD ? text.slice(0, total) : null;
  return (
    <div class="out-stream" data-name={name} aria-label={name === "stderr" ? t.run.streamErr : t.run.streamOut} role="group">
      {whole ? (
        <pre class="out-text">
          <Lines lines={whole.lines} style={whole.style} />
        </pre>
      ) : open ? (
        <Box text={text} close={() => setOpen(false)} />
      ) : (
        <Folded text={text} open={() => setOpen(true)} />
      )}
    </div>
  );
}
