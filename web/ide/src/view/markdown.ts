/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markdown of notebooks: marked makes HTML of it, DOMPurify keeps what is harmless, and only the DOM that DOMPurify returns
 * enters the page. Formulas are set aside before Markdown sees them, as Jupyter does, and set by KaTeX when it has come.
 */
import DOMPurify from "dompurify";
import { Marked, type TokenizerAndRendererExtension } from "marked";
import type { Cell, JsonObject } from "../model/types";
import { languageName, parserNow } from "./languages";
import { still } from "./highlight";

const escape = (s: string): string => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const inlineMath: TokenizerAndRendererExtension = {
  name: "inlineMath",
  level: "inline",
  start: (src) => {
    const i = src.search(/\$|\\[([]|\\\\[([]/);
    return i < 0 ? undefined : i;
  },
  tokenizer(src) {
    const m =
      /^\$\$([^$]+?)\$\$/.exec(src) ?? /^\\\\?\[([\s\S]+?)\\\\?\]/.exec(src) ??
      /^\$(?![\s$])((?:\\[\s\S]|[^\\$])+?)(?<!\s)\$(?!\d)/.exec(src) ?? /^\\\\?\(([\s\S]+?)\\\\?\)/.exec(src);
    if (!m) return undefined;
    return { type: "inlineMath", raw: m[0], text: m[1]!, display: m[0].startsWith("$$") || /^\\\\?\[/.test(m[0]) };
  },
  renderer: (token) => `<span class="mx${token["display"] ? " mx-d" : ""}">${escape(String(token["text"]))}</span>`,
};

const blockMath: TokenizerAndRendererExtension = {
  name: "blockMath",
  level: "block",
  start: (src) => {
    const i = src.search(/(^|\n) {0,3}(\$\$|\\begin\{)/);
    return i < 0 ? undefined : i;
  },
  tokenizer(src) {
    const dollars = /^ {0,3}\$\$([^$]+?)\$\$[ \t]*(?:\n|$)/.exec(src);
    if (dollars) return { type: "blockMath", raw: dollars[0], text: dollars[1]! };
    const env = /^ {0,3}(\\begin\{([a-zA-Z]+\*?)\}[\s\S]*?\\end\{\2\})[ \t]*(?:\n|$)/.exec(src);
    return env ? { type: "blockMath", raw: env[0], text: env[1]! } : undefined;
  },
  renderer: (token) => `<div class="mx mx-d">${escape(String(token["text"]))}</div>\n`,
};

const marked = new Marked({ gfm: true, extensions: [blockMath, inlineMath] });

/* Where the links and images of a cell lead. */
export interface Place {
  file(path: string): string | null; /* address of a file beside the notebook; null if it leads out of the workspace */
  page(path: string): string | null; /* the same file opened here */
  attachments: Readonly<JsonObject>;
}

const ALERTS = /^(alert(-(info|warning|danger|success))?|mx|mx-d|language-[\w+#-]+)$/;
const IMAGE_TYPES = /^image\/(png|jpeg|gif|webp|svg\+xml|bmp|avif)$/;

/* A private instance: its hooks are for Markdown only. */
const purify = typeof window === "undefined" ? null : DOMPurify(window);

function attachment(name: string, place: Place): string | null {
  const bundle = Object.hasOwn(place.attachments, name) ? place.attachments[name] : null;
  if (!bundle || typeof bundle !== "object" || Array.isArray(bundle)) return null;
  for (const [type, data] of Object.entries(bundle)) {
    if (!IMAGE_TYPES.test(type)) continue;
    const text = Array.isArray(data) ? data.join("") : data;
    if (typeof text === "string" && /^[A-Za-z0-9+/=\s]*$/.test(text)) return `data:${type};base64,${text.replace(/\s+/g, "")}`;
  }
  return null;
}

/* "http", "mailto", "relative", "anchor"; null for everything else. */
export function kindOfAddress(address: string): "web" | "mail" | "relative" | "anchor" | null {
  /* Browsers leave out control characters and blanks before they look for the scheme. */
  const bare = address.replace(/[\u0000-\u0020\u007f-\u009f\u00ad\u200b-\u200f\u2028\u2029\ufeff]/g, "");
  if (/^https?:\/\//i.test(bare)) return "web";
  if (/^mailto:/i.test(bare)) return "mail";
  if (bare.startsWith("#")) return "anchor";
  if (/^[a-z][a-z0-9+.-]*:/i.test(bare) || bare.startsWith("//") || bare.startsWith("\\")) return null;
  return "relative";
}

function mendLink(a: Element, place: Place): void {
  const href = a.getAttribute("href");
  if (href === null) return;
  const kind = kindOfAddress(href);
  if (kind === "anchor") {
    a.setAttribute("data-anchor", href.slice(1));
    a.setAttribute("href", "#");
    return;
  }
  const to = kind === "relative" ? place.page(href) : kind ? href.trim() : null;
  if (to === null) {
    a.removeAttribute("href");
    return;
  }
  a.setAttribute("href", to);
  a.setAttribute("target", "_blank");
  a.setAttribute("rel", "noopener noreferrer");
}

function mendImage(img: Element, place: Place): void {
  const src = img.getAttribute("src") ?? "";
  let to: string | null = null;
  if (src.startsWith("attachment:")) to = attachment(decode(src.slice("attachment:".length)), place);
  else if (/^data:image\/(png|jpeg|gif|webp|svg\+xml|bmp|avif)[;,]/i.test(src)) to = src;
  else if (kindOfAddress(src) === "web") to = src;
  else if (kindOfAddress(src) === "relative") to = place.file(src);
  for (const name of ["srcset", "sizes"]) img.removeAttribute(name);
  img.setAttribute("loading", "lazy");
  img.setAttribute("referrerpolicy", "no-referrer");
  if (to === null) img.removeAttribute("src");
  else img.setAttribute("src", to);
  if (!img.hasAttribute("alt")) img.setAttribute("alt", "");
}

function decode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    return s;
  }
}

const kept = new WeakMap<Cell, DocumentFragment>();

/* A new copy each time: a cell leaves the page and comes back. */
export function rendered(cell: Cell, place: Place): DocumentFragment {
  let f = kept.get(cell);
  if (!f) kept.set(cell, (f = toDom(cell.source, place)));
  return f.cloneNode(true) as DocumentFragment;
}

const LONG = 400_000; /* characters of Markdown that are rendered; more stay text */

export function toDom(source: string, place: Place): DocumentFragment {
  const html = marked.parse(source.slice(0, LONG), { async: false });
  const dom = purify!.sanitize(html, {
    USE_PROFILES: { html: true },
    FORBID_TAGS: ["style", "form", "button", "textarea", "select", "option", "iframe", "audio", "video", "source", "picture", "dialog", "area", "map"],
    FORBID_ATTR: ["style", "id", "name", "usemap", "srcset", "background", "poster", "action", "formaction", "target", "tabindex", "contenteditable", "popover", "autofocus"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ADD_URI_SAFE_ATTR: [],
    /* attachment: is ours; everything is looked at again below. */
    ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|attachment):|data:image\/|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
    RETURN_DOM_FRAGMENT: true,
  });
  for (const el of dom.querySelectorAll("[class]")) {
    const good = [...el.classList].filter((c) => ALERTS.test(c));
    if (good.length) el.className = good.join(" ");
    else el.removeAttribute("class");
  }
  for (const a of dom.querySelectorAll("a")) mendLink(a, place);
  for (const img of dom.querySelectorAll("img")) mendImage(img, place);
  for (const input of dom.querySelectorAll("input")) {
    if (input.type === "checkbox") input.disabled = true;
    else input.remove();
  }
  for (const code of dom.querySelectorAll("pre > code")) colour(code);
  for (const table of dom.querySelectorAll("table")) frame(table);
  if (source.length > LONG) dom.append(Object.assign(document.createElement("pre"), { textContent: source.slice(LONG) }));
  return dom;
}

function colour(code: Element): void {
  const said = /language-(\S+)/.exec(code.className)?.[1];
  const parser = parserNow(said ? languageName(said) : null);
  const text = (code.textContent ?? "").replace(/\n$/, "");
  if (parser) code.replaceChildren(still(text, parser));
  const pre = code.parentElement!;
  pre.tabIndex = 0; /* it may scroll sideways */
}

function frame(table: Element): void {
  const box = document.createElement("div");
  box.className = "md-table";
  box.tabIndex = 0;
  table.replaceWith(box);
  box.append(table);
}

/* KaTeX, its style sheet and its fonts come with the first formula. */
let katex: Promise<typeof import("./formula")> | null = null;
let ready: typeof import("./formula") | null = null;

export function setFormulas(root: ParentNode): void {
  const all = root.querySelectorAll<HTMLElement>(".mx");
  if (!all.length) return;
  const set = (m: typeof import("./formula")): void => {
    for (const el of all) if (el.isConnected || root instanceof DocumentFragment) m.setFormula(el);
  };
  if (ready) return set(ready);
  katex ??= import("./formula");
  katex.then(
    (m) => {
      ready = m;
      set(m);
    },
    () => (katex = null),
  );
}
