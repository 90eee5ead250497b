/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON with the places of its parts: what is not changed is written as it was read, byte for byte. Strings are skipped
 * by indexOf, so that 100 MB of pictures take some milliseconds, and values are made only of the parts somebody asks for.
 * Takes NaN and Infinity, which Python writes.
 */

export interface Span {
  from: number;
  to: number;
}

export interface Member {
  key: string;
  rawKey: string; /* as written, with quotes */
  value: Span;
}

export class JsonError extends Error {
  constructor(
    what: string,
    text: string,
    at: number,
  ) {
    let line = 1, start = 0;
    for (let i = text.indexOf("\n"); i >= 0 && i < at; i = text.indexOf("\n", i + 1)) {
      line++;
      start = i + 1;
    }
    super(`${what}, line ${line}, column ${at - start + 1}`);
  }
}

const DEPTH_MAX = 512;
const WORD = /true|false|null|NaN|-?Infinity|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

export class Scan {
  at = 0;
  constructor(readonly text: string) {
    if (text.charCodeAt(0) === 0xfeff) this.at = 1;
  }

  fail(what: string): never {
    throw new JsonError(this.at >= this.text.length ? "the text ends too early" : what, this.text, this.at);
  }

  space(): number {
    for (;;) {
      const c = this.text.charCodeAt(this.at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return c;
      this.at++;
    }
  }

  /* At an opening quote; afterwards behind the closing one. */
  string(): void {
    const t = this.text;
    let i = this.at + 1;
    for (;;) {
      const end = t.indexOf('"', i);
      if (end < 0) {
        this.at = t.length;
        this.fail("a text without an end");
      }
      let back = end - 1;
      while (t.charCodeAt(back) === 92) back--;
      i = end + 1;
      if ((end - 1 - back) % 2 === 0) break;
    }
    this.at = i;
  }

  private word(): void {
    WORD.lastIndex = this.at;
    if (!WORD.test(this.text)) this.fail("a value is expected");
    this.at = WORD.lastIndex;
  }

  /* Over one value of any kind. */
  value(): Span {
    const c = this.space(), from = this.at;
    if (c === 34) this.string();
    else if (c === 123 || c === 91) this.nested();
    else this.word();
    return { from, to: this.at };
  }

  /* Brackets by a list of their own: a hostile depth is an error, not a full stack. */
  private nested(): void {
    const open: number[] = [];
    let want: "value" | "first" | "key" | "firstKey" | "after" = "value";
    for (;;) {
      const c = this.space();
      if (want === "after") {
        const top = open[open.length - 1]!;
        if (c === 44) {
          this.at++;
          want = top === 123 ? "key" : "value";
        } else if ((top === 123 && c === 125) || (top === 91 && c === 93)) {
          this.at++;
          open.pop();
          if (!open.length) return;
        } else this.fail("a comma or a closing bracket is expected");
      } else if (want === "key" || want === "firstKey") {
        if (c === 125 && want === "firstKey") {
          want = "after";
          continue;
        }
        if (c !== 34) this.fail("a name in quotes is expected");
        this.string();
        if (this.space() !== 58) this.fail("a colon is expected");
        this.at++;
        want = "value";
      } else if (c === 93 && want === "first") {
        want = "after";
      } else if (c === 123 || c === 91) {
        if (open.length >= DEPTH_MAX) this.fail("brackets lie too deep");
        open.push(c);
        this.at++;
        want = c === 123 ? "firstKey" : "first";
      } else {
        if (c === 34) this.string();
        else this.word();
        want = "after";
      }
    }
  }

  /* The members of an object; null if something else stands here. */
  object(): Member[] | null {
    if (this.space() !== 123) return null;
    const all: Member[] = [];
    this.at++;
    if (this.space() === 125) {
      this.at++;
      return all;
    }
    for (;;) {
      if (this.space() !== 34) this.fail("a name in quotes is expected");
      const from = this.at;
      this.string();
      const rawKey = this.text.slice(from, this.at);
      if (this.space() !== 58) this.fail("a colon is expected");
      this.at++;
      all.push({ key: parseText(rawKey), rawKey, value: this.value() });
      const c = this.space();
      this.at++;
      if (c === 125) return all;
      if (c !== 44) {
        this.at--;
        this.fail("a comma or a closing bracket is expected");
      }
    }
  }

  /* The elements of a list; null if something else stands here. */
  list(): Span[] | null {
    if (this.space() !== 91) return null;
    const all: Span[] = [];
    this.at++;
    if (this.space() === 93) {
      this.at++;
      return all;
    }
    for (;;) {
      all.push(this.value());
      const c = this.space();
      this.at++;
      if (c === 93) return all;
      if (c !== 44) {
        this.at--;
        this.fail("a comma or a closing bracket is expected");
      }
    }
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) this.fail("something stands behind the end");
  }
}

/* NaN and Infinity outside of texts become null. */
function withoutNaN(raw: string): string {
  const s = new Scan(raw);
  let out = "", kept = 0;
  for (s.at = 0; s.at < raw.length; ) {
    const c = raw.charCodeAt(s.at);
    if (c === 34) s.string();
    else if (raw.startsWith("NaN", s.at) || raw.startsWith("Infinity", s.at) || raw.startsWith("-Infinity", s.at)) {
      out += `${raw.slice(kept, s.at)}null`;
      s.at += c === 78 ? 3 : c === 45 ? 9 : 8;
      kept = s.at;
    } else s.at++;
  }
  return out + raw.slice(kept);
}

/* What stands in a span that was scanned; throws if an escape is wrong. */
export function parseText<T = unknown>(raw: string): T {
  try {
    return JSON.parse(raw) as T;
  } catch (e) {
    if (!/NaN|Infinity/.test(raw)) throw e;
    return JSON.parse(withoutNaN(raw)) as T;
  }
}
