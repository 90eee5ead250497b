/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the frame of an output: no origin, no network, no way to the page but messages. It gets what it shows, and the text
 * of the library that draws it, from the page.
 */
import type { FromFrame, ToFrame } from "../src/outputs/protocol";

type Init = ToFrame & { carrel: "init" };
type Comm = ToFrame & { carrel: "comm" };

declare global {
  interface Window {
    carrelVega?: (el: HTMLElement, spec: unknown, dark: boolean) => Promise<unknown>;
    carrelWidgets?: (el: HTMLElement, data: unknown, post: (m: FromFrame) => void) => Promise<(m: Comm) => void>;
    Plotly?: { newPlot(el: HTMLElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>; addFrames(el: HTMLElement, f: unknown): Promise<unknown> };
  }
}

const page = window.parent;
const post = (m: FromFrame, transfer: Transferable[] = []): void => page.postMessage(m, "*", transfer);
const main = document.createElement("main");
let comms: ((m: Comm) => void) | null = null;
const early: Comm[] = [];

function run(code: string): void {
  const s = document.createElement("script");
  s.textContent = code;
  document.head.append(s);
  s.remove();
}

/* Scripts of parsed HTML do not run by themselves: each is made anew, in its place and in order. */
function showHtml(html: string): void {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  main.append(...[...parsed.head.childNodes, ...parsed.body.childNodes].map((n) => document.importNode(n, true)));
  for (const old of [...main.querySelectorAll("script")]) {
    const s = document.createElement("script");
    for (const a of old.attributes) s.setAttribute(a.name, a.value);
    s.async = false;
    s.textContent = old.textContent;
    old.replaceWith(s);
  }
}

function theme(dark: boolean, variables: Record<string, string>): void {
  const { style } = document.documentElement;
  style.colorScheme = dark ? "dark" : "light";
  for (const [name, value] of Object.entries(variables)) style.setProperty(name, value);
}

async function show(m: Init): Promise<void> {
  theme(m.dark, m.variables);
  document.body.dataset.kind = m.kind;
  for (const code of m.code) run(code);
  if (m.kind === "html") showHtml(String(m.data));
  else if (m.kind === "javascript") {
    Object.assign(window, { element: main });
    run(String(m.data));
  } else if (m.kind === "plotly") {
    const figure = m.data as { data?: unknown; layout?: Record<string, unknown>; config?: object; frames?: unknown[] };
    await window.Plotly!.newPlot(main, figure.data ?? [], { autosize: true, ...figure.layout }, { responsive: true, displaylogo: false, ...figure.config });
    if (figure.frames?.length) await window.Plotly!.addFrames(main, figure.frames);
  } else if (m.kind === "vega") {
    await window.carrelVega!(main, m.data, m.dark);
  } else {
    comms = await window.carrelWidgets!(main, m.data, (x) => post(x, x.carrel === "comm" ? x.buffers : []));
    for (const c of early.splice(0)) comms(c);
  }
  post({ carrel: "shown" });
}

function size(): void {
  /* The content's own height: the frame's would never become smaller. */
  const box = main.getBoundingClientRect();
  let bottom = box.bottom;
  for (const el of main.children) bottom = Math.max(bottom, el.getBoundingClientRect().bottom);
  post({ carrel: "size", height: Math.ceil(Math.max(bottom, main.scrollHeight + box.top) + scrollY) + 1 });
}

let started = false;
window.addEventListener("message", (e) => {
  if (e.source !== page) return;
  const m = e.data as ToFrame;
  if (m.carrel === "init" && !started) {
    started = true;
    show(m).catch((error: unknown) => post({ carrel: "failed", text: String((error as Error)?.message ?? error) }));
  } else if (m.carrel === "theme") {
    theme(m.dark, m.variables);
  } else if (m.carrel === "comm") {
    if (comms) comms(m);
    else early.push(m);
  }
});
window.addEventListener("error", (e) => post({ carrel: "failed", text: String(e.message).slice(0, 500) }));
window.addEventListener("unhandledrejection", (e) => post({ carrel: "failed", text: String((e.reason as Error)?.message ?? e.reason).slice(0, 500) }));

/* A link opens in a tab of its own, by the page, and never in here. */
document.addEventListener(
  "click",
  (e) => {
    const a = e.composedPath().find((n): n is HTMLAnchorElement => n instanceof HTMLAnchorElement && n.hasAttribute("href"));
    if (!a) return;
    const href = a.getAttribute("href")!;
    if (href.startsWith("#")) {
      e.preventDefault();
      document.getElementById(href.slice(1))?.scrollIntoView();
      return;
    }
    e.preventDefault();
    post({ carrel: "open", url: href });
  },
  true,
);
document.addEventListener("keydown", (e) => e.key === "Escape" && post({ carrel: "key", key: "Escape" }));

document.body.append(main);
new ResizeObserver(size).observe(main);
new MutationObserver(size).observe(main, { childList: true, subtree: true, attributes: true, attributeFilter: ["style", "height", "open"] });
window.addEventListener("load", size);
post({ carrel: "ready" });
