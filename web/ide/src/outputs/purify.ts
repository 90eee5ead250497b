/* SPDX-License-Identifier: Apache-2.0 */
/* HTML of a notebook as nodes without script, style or a way out; and whether it needs a frame of its own instead. */
import DOMPurify, { type Config } from "dompurify";

const TAGS = [
  "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2",
  "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub",
  "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "#text",
];
const ATTRIBUTES = ["abbr", "align", "alt", "class", "colspan", "datetime", "dir", "height", "href", "lang", "open", "reversed", "rowspan", "scope", "span", "src", "start", "title", "valign", "width"];
const CONFIG: Config = {
  ALLOWED_TAGS: TAGS,
  ALLOWED_ATTR: ATTRIBUTES,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|#|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
  RETURN_DOM_FRAGMENT: true,
};
/* Classes of the page itself would let a notebook look like it. */
const CLASSES = new Set(["dataframe", "level0", "level1", "blank", "row_heading", "col_heading", "data", "index_name"]);

export function purify(html: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(html, CONFIG) as unknown as DocumentFragment;
  for (const el of fragment.querySelectorAll("[class]")) {
    const names = [...el.classList].filter((c) => CLASSES.has(c));
    if (names.length) el.className = names.join(" ");
    else el.removeAttribute("class");
  }
  for (const a of fragment.querySelectorAll("a[href]")) {
    if (a.getAttribute("href")!.startsWith("#")) a.removeAttribute("href");
    else Object.assign(a, { target: "_blank", rel: "noopener noreferrer" });
  }
  for (const img of fragment.querySelectorAll("img")) {
    if (!/^data:/i.test(img.getAttribute("src") ?? "")) img.replaceWith(img.alt);
  }
  /* The corner of a table heads nothing. */
  for (const th of fragment.querySelectorAll("th")) {
    if (!th.textContent!.trim() && !th.firstElementChild) th.setAttribute("role", "presentation");
  }
  return fragment;
}
