/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4180 read as it comes: pieces go in, rows come out. Quotes that never end are ended by the file. */

export const ROWS_MOST = 10_000;
export const COLUMNS_MOST = 200;
const CELL_MOST = 2000;

export class CsvReader {
  rows: string[][] = [];
  full = false; /* more than ROWS_MOST */
  private row: string[] = [];
  private cell = "";
  private quoted = false;
  private after = false; /* a quote inside quotes: an end, or half of two */
  private begun = false;
  private separator: string | null;

  constructor(separator: string | null = null) {
    this.separator = separator;
  }

  put(text: string): void {
    if (!this.begun && text.charCodeAt(0) === 0xfeff) text = text.slice(1);
    if (text) this.begun = true;
    this.separator ??= guess(text);
    const sep = this.separator;
    for (let i = 0; i < text.length && !this.full; i++) {
      const c = text[i]!;
      if (this.quoted) {
        if (this.after) {
          this.after = false;
          if (c === '"') {
            this.add('"');
            continue;
          }
          this.quoted = false;
        } else {
          if (c === '"') this.after = true;
          else this.add(c);
          continue;
        }
      }
      if (c === '"' && this.cell === "") this.quoted = true;
      else if (c === sep) this.endCell();
      else if (c === "\n") this.endRow();
      else if (c !== "\r") this.add(c);
    }
  }

  end(): void {
    if (this.cell || this.row.length) this.endRow();
  }

  private add(c: string): void {
    if (this.cell.length < CELL_MOST) this.cell += c;
  }

  private endCell(): void {
    if (this.row.length < COLUMNS_MOST) this.row.push(this.cell);
    this.cell = "";
  }

  private endRow(): void {
    const blank = !this.cell && !this.row.length;
    this.endCell();
    if (!blank) {
      if (this.rows.length < ROWS_MOST + 1) this.rows.push(this.row); /* and the head */
      else this.full = true;
    }
    this.row = [];
  }
}

/* The sign that parts the first line into the most cells. */
export function guess(text: string): string {
  const first = text.slice(0, 20_000).split("\n", 1)[0] ?? "";
  const plain = first.replace(/"[^"]*"/g, "");
  let best = ",";
  let most = 0;
  for (const s of [",", ";", "\t", "|"]) {
    const n = plain.split(s).length;
    if (n > most) {
      most = n;
      best = s;
    }
  }
  return best;
}

/* Columns of numbers stand at the right. */
export function numeric(rows: string[][], column: number): boolean {
  let seen = 0;
  for (const r of rows.slice(1, 60)) {
    const v = r[column]?.trim();
    if (!v) continue;
    if (!/^[-+]?(\d+([.,]\d+)*|\.\d+)(e[-+]?\d+)?%?$/i.test(v)) return false;
    seen++;
  }
  return seen > 0;
}
