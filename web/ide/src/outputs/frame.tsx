/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output with a program of its own, in a frame without an origin: it can't read this page, its cookies or the
 * server, and can't lead anywhere. Made when it comes near the window; its height is what it asks for, within limits.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "../kernel/api";
import { toast } from "../shell/layers";
import { t } from "../text/index";
import { askedIn } from "./asked";
import { libraries } from "./libraries";
import { type FrameKind, type FromFrame, Heights, type ToFrame, fromFrame } from "./protocol";
import { isDark, onTheme, variables } from "./theme";

const NEAR = "800px 0px";
const FIRST_PX: Record<FrameKind, number> = { html: 60, javascript: 20, plotly: 450, vega: 300, widget: 40 };
const heights = new Map<string, number>(); /* what a frame had when it was last seen: no jump when it is made again */
const OPEN_MS = 1000;
const URL_SHOWN = 80;
const HOVER_MS = 100; /* where the pointer is may be known a little after the click */
const STOOD_MS = 1000; /* one that begins anew sooner does so by itself, and would for ever */

export interface FrameProps {
  kind: FrameKind;
  data: unknown; /* another object is another frame */
  name: string; /* of its place: keeps its height */
  connect?: (post: (m: ToFrame & { carrel: "comm" }) => void) => { take: (m: FromFrame & { carrel: "comm" }) => void; close: () => void };
}

/* Near the window, once. */
function useNear(): [preact.RefObject<HTMLDivElement>, boolean] {
  const ref = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const seen = new IntersectionObserver((e) => e.some((x) => x.isIntersecting) && setNear(true), { rootMargin: NEAR });
    seen.observe(ref.current!);
    return () => seen.disconnect();
  }, []);
  return [ref, near];
}

interface Hooks {
  height(px: number): void;
  shown(): void;
  failed(why: string): void;
  again(after_ms: number): void; /* what was shown is gone */
}

/* The talk with one frame; gives back its end. */
function converse(frame: HTMLIFrameElement, props: FrameProps, hooks: Hooks): () => void {
  const sizes = new Heights();
  let gone = false;
  let opened = 0;
  let asking = false;
  let greeted: number | null = null;
  const post = (m: ToFrame): void => {
    if (!gone) frame.contentWindow?.postMessage(m, "*");
  };
  const talk = props.connect?.(post);
  const greet = async (): Promise<void> => {
    if (greeted !== null) {
      /* It was moved in the page, led elsewhere, or began anew: there is nothing of ours in it. */
      hooks.again(performance.now() - greeted);
      return;
    }
    greeted = performance.now();
    try {
      const code = await libraries(props.kind);
      post({ carrel: "init", kind: props.kind, code, data: props.data, dark: isDark(), variables: variables() });
    } catch (e) {
      hooks.failed(String((e as Error).message));
    }
  };
  const go = (url: string): void => {
    asking = false;
    opened = Date.now();
    open(url, "_blank", "noopener,noreferrer");
  };
  /* What the user has not surely clicked is asked about, once. */
  const lead = (url: string): void => {
    if (gone || Date.now() - opened <= OPEN_MS || navigator.userActivation?.isActive === false) return;
    if (askedIn(frame)) return go(url);
    if (!asking) toast(t.run.wantsToOpen(url.slice(0, URL_SHOWN)), "ext", { text: t.run.openIt, run: () => go(url) });
    asking = true;
  };
  const heard = (e: MessageEvent): void => {
    if (e.source !== frame.contentWindow) return;
    const m = fromFrame(e.data);
    if (!m || gone) return;
    if (m.carrel === "ready") void greet();
    else if (m.carrel === "shown") hooks.shown();
    else if (m.carrel === "failed") hooks.failed(m.text);
    else if (m.carrel === "size" && sizes.take(m.height, performance.now())) hooks.height(m.height);
    else if (m.carrel === "comm") talk?.take(m);
    else if (m.carrel === "key") (frame.closest<HTMLElement>("[tabindex], [data-cell]") ?? document.body).focus();
    else if (m.carrel === "open") setTimeout(() => lead(m.url), HOVER_MS);
  };
  addEventListener("message", heard);
  const untheme = onTheme(() => post({ carrel: "theme", dark: isDark(), variables: variables() }));
  return () => {
    gone = true;
    removeEventListener("message", heard);
    untheme();
    talk?.close();
  };
}

export function FrameOutput(props: FrameProps) {
  const [place, near] = useNear();
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(heights.get(props.name) ?? FIRST_PX[props.kind]);
  const [state, setState] = useState<"loading" | "shown" | string>("loading");
  const [turn, setTurn] = useState(0);
  const what = t.run.kinds[props.kind];
  useEffect(() => {
    const f = frame.current;
    if (!near || !f) return;
    setState("loading");
    let shown = false;
    const end = converse(f, props, {
      height: (px) => {
        heights.set(props.name, px);
        setHeight(px);
      },
      shown: () => {
        shown = true;
        setState("shown");
      },
      /* What its own program does wrong later is its own affair. */
      failed: (why) => !shown && setState((s) => (s.startsWith("failed ") ? s : `failed ${why}`)),
      again: (after_ms) => (after_ms > STOOD_MS ? setTurn((n) => n + 1) : setState(`failed ${t.run.frameGone}`)),
    });
    f.src = address("ide/frame");
    return end;
  }, [near, props.data, turn]);
  const failed = state.startsWith("failed ") ? state.slice(7) : null;
  return (
    <div ref={place} class="out-frame" data-kind={props.kind} data-state={failed === null ? state : "failed"} aria-busy={near && state === "loading"}>
      {near && failed === null && (
        <iframe key={turn} ref={frame} sandbox="allow-scripts" title={t.run.frame(what)} referrerpolicy="no-referrer" style={{ height: `${Math.max(20, height)}px` }} />
      )}
      {!near && <div style={{ height: `${height}px` }} />}
      {failed !== null && (
        <div class="out-note">
          <span>{t.run.frameFailed(what, failed)}</span>
          <button type="button" class="btn btn-s" onClick={() => (setState("loading"), setTurn(turn + 1))}>
            {t.run.tryAgain}
          </button>
        </div>
      )}
    </div>
  );
}
