/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Markdown as elements: marked only cuts the text into tokens, and each token becomes an element made here. HTML in it
 * is shown as the text that it is; links lead to http, https and mailto only; pictures come from the cell itself.
 */
import type { ComponentChildren, JSX } from "preact";
import { type Token, type Tokens, lexer } from "marked";
import { t as words } from "../text";
import { entities } from "./htmltable";
import type { Image } from "./notebook";
import { Picture } from "./picture";

const MOST = 200_000;
const DEEP = 24;

export function Markdown({ text, images = {} }: { text: string; images?: Record<string, Image> }): JSX.Element {
  if (text.length > MOST) return <pre class="pv-text">{text}</pre>;
  let tokens: Token[];
  try {
    tokens = lexer(text, { gfm: true });
  } catch {
    return <pre class="pv-text">{text}</pre>;
  }
  return <div class="pv-md">{blocks(tokens, images, 0)}</div>;
}

export function safeLink(href: string): string | null {
  try {
    const u = new URL(href.trim());
    return u.protocol === "http:" || u.protocol === "https:" || u.protocol === "mailto:" ? u.href : null;
  } catch {
    return null;
  }
}

function blocks(tokens: Token[] | undefined, images: Record<string, Image>, deep: number): ComponentChildren {
  if (!tokens || deep > DEEP) return null;
  return tokens.map((t, i) => <Block key={i} token={t} images={images} deep={deep} />);
}

function Block({ token, images, deep }: { token: Token; images: Record<string, Image>; deep: number }): JSX.Element | null {
  const t = token as Tokens.Generic;
  const inner = () => inline(t.tokens, images, deep + 1);
  switch (t.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return <div class="pv-h" role="heading" aria-level={Math.min(6, (t.depth as number) + 2)} data-depth={t.depth as number}>{inner()}</div>;
    case "paragraph":
      return <p>{inner()}</p>;
    case "text":
      return <>{t.tokens ? inner() : entities(t.text as string)}</>;
    case "code":
      return <pre class="code">{t.text as string}</pre>;
    case "blockquote":
      return <blockquote>{blocks(t.tokens, images, deep + 1)}</blockquote>;
    case "hr":
      return <hr />;
    case "list":
      return <List t={t as Tokens.List} images={images} deep={deep} />;
    case "table":
      return <Grid t={t as Tokens.Table} images={images} deep={deep} />;
    default:
      return (t.raw as string).trim() ? <p class="pv-raw">{(t.raw as string).trim()}</p> : null;
  }
}

function List({ t, images, deep }: { t: Tokens.List; images: Record<string, Image>; deep: number }): JSX.Element {
  const items = t.items.map((item, i) => (
    <li key={i}>
      {item.task && <span class="mono">{item.checked ? "[x] " : "[ ] "}</span>}
      {blocks(item.tokens, images, deep + 1)}
    </li>
  ));
  return t.ordered ? <ol start={t.start === "" ? 1 : t.start}>{items}</ol> : <ul>{items}</ul>;
}

function Grid({ t, images, deep }: { t: Tokens.Table; images: Record<string, Image>; deep: number }): JSX.Element {
  return (
    <div class="pv-scroll" tabIndex={0} role="region" aria-label={words.preview.table}>
      <table class="pv-table">
        <thead>
          <tr>{t.header.map((c, i) => <th scope="col" key={i}>{inline(c.tokens, images, deep + 1)}</th>)}</tr>
        </thead>
        <tbody>
          {t.rows.slice(0, 500).map((r, i) => <tr key={i}>{r.map((c, k) => <td key={k}>{inline(c.tokens, images, deep + 1)}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: Token[] | undefined, images: Record<string, Image>, deep: number): ComponentChildren {
  if (!tokens || deep > DEEP) return null;
  return tokens.map((token, i) => {
    const t = token as Tokens.Generic;
    const inner = () => inline(t.tokens, images, deep + 1);
    switch (t.type) {
      case "strong":
        return <strong key={i}>{inner()}</strong>;
      case "em":
        return <em key={i}>{inner()}</em>;
      case "del":
        return <del key={i}>{inner()}</del>;
      case "codespan":
        return <code key={i}>{t.text as string}</code>;
      case "br":
        return <br key={i} />;
      case "link":
        return <Link key={i} href={t.href as string}>{inner()}</Link>;
      case "image":
        return <Shown key={i} href={t.href as string} text={t.text as string} images={images} />;
      case "html":
        return /^<br\s*\/?>$/i.test(t.raw as string) ? <br key={i} /> : <span key={i} class="pv-raw">{t.raw as string}</span>;
      case "text":
      case "escape":
        return t.tokens ? <span key={i}>{inner()}</span> : entities(t.text as string);
      default:
        return t.raw as string;
    }
  });
}

function Link({ href, children }: { href: string; children: ComponentChildren }): JSX.Element {
  const to = safeLink(href);
  return to ? <a href={to} target="_blank" rel="noopener noreferrer nofollow">{children}</a> : <span>{children}</span>;
}

function Shown({ href, text, images }: { href: string; text: string; images: Record<string, Image> }): JSX.Element {
  const name = href.startsWith("attachment:") ? decodeSafe(href.slice(11)) : "";
  if (name && Object.hasOwn(images, name)) return <Picture mime={images[name]!.mime} data={images[name]!.data} alt={text || name} />;
  const inside = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})$/.exec(href);
  if (inside) return <Picture mime={inside[1]!} data={inside[2]!} alt={text} />;
  const to = safeLink(href);
  return to ? <a href={to} target="_blank" rel="noopener noreferrer nofollow">{words.preview.imageAt(text || to)}</a> : <span class="t3">{words.preview.imageAt(text || href)}</span>;
}

function decodeSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
