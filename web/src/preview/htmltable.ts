/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first table of an HTML text as data: what a data frame prints. A reader of its own and not the browser's: the
 * text never becomes part of a page. Anything but table tags is dropped with its attributes; script and style with
 * what is in them.
 */
export interface TableData {
  head: string[][];
  rows: string[][];
  cut: boolean;
}

const ROWS = 200;
const COLUMNS = 60;
const TEXT = 300;
const READ = 2 * 1024 * 1024;
const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", hellip: "…", minus: "−", times: "×", deg: "°", mu: "μ", middot: "·" };

export function entities(text: string): string {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (all, name: string) => {
    if (name[0] !== "#") return NAMED[name.toLowerCase()] ?? all;
    const code = name[1]!.toLowerCase() === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : "\ufffd";
  });
}

export function tableOf(html: string): TableData | null {
  const text = html.slice(0, READ);
  const start = text.search(/<table[\s>]/i);
  if (start < 0) return null;
  const head: string[][] = [];
  const rows: string[][] = [];
  let row: string[] | null = null;
  let cell: string | null = null;
  let inHead = false;
  let cut = html.length > READ;
  const endCell = () => {
    if (row && cell !== null) row.length < COLUMNS ? row.push(tidy(cell)) : (cut = true);
    cell = null;
  };
  const endRow = () => {
    endCell();
    if (row?.length) {
      if (inHead) head.push(row);
      else if (rows.length < ROWS) rows.push(row);
      else cut = true;
    }
    row = null;
  };
  const tag = /<(\/?)([a-z][a-z0-9]*)\b[^>]*>|<!--[\s\S]*?(?:-->|$)/gi;
  tag.lastIndex = start;
  let last = start;
  for (let m = tag.exec(text); m; m = tag.exec(text)) {
    if (cell !== null && cell.length < TEXT * 4) cell += text.slice(last, m.index);
    last = tag.lastIndex;
    const name = m[2]?.toLowerCase();
    const end = m[1] === "/";
    if (!name) continue;
    if (!end && (name === "script" || name === "style")) {
      const close = text.toLowerCase().indexOf(`</${name}`, last);
      if (close < 0) break;
      tag.lastIndex = last = close;
    } else if (name === "table") {
      if (end) break;
    } else if (name === "thead") {
      endRow();
      inHead = !end;
    } else if (name === "tbody" || name === "tfoot") {
      endRow();
      inHead = false;
    } else if (name === "tr") {
      endRow();
      if (!end) row = [];
    } else if (name === "td" || name === "th") {
      endCell();
      if (!end) cell = "";
    } else if (name === "br" && cell !== null) cell += " ";
  }
  endRow();
  return head.length || rows.length ? { head, rows, cut } : null;
}

function tidy(text: string): string {
  const t = entities(text).replace(/\s+/g, " ").trim();
  return t.length > TEXT ? `${t.slice(0, TEXT)}…` : t;
}
