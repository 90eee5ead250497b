/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of one stream as it grows: `\r` and `\b` carried out in UTF-16 units as JupyterLab and the agent do it. Only
 * the last line can still change, so what lies before it is joined once and not looked at again.
 */
export class StreamText {
  private tail = ""; /* the last line */
  private at = 0; /* the cursor in it */
  private before = ""; /* whole lines; a rope, flattened only when somebody reads it */

  constructor(text = "") {
    if (text) this.write(text);
  }

  get text(): string {
    return this.before + this.tail;
  }

  /* What was put behind the text, or null if the last line was changed as well. */
  write(more: string): string | null {
    if (!/[\r\b]/.test(more) && this.at === this.tail.length) return this.append(more);
    const kept = this.tail;
    const lines = this.before.length;
    for (const part of more.split(/([\n\r\b])/)) this.put(part);
    if (this.before.length === lines && this.tail.startsWith(kept)) return this.tail.slice(kept.length);
    return null;
  }

  private append(more: string): string {
    const end = more.lastIndexOf("\n") + 1;
    if (end > 0) {
      this.before += this.tail + more.slice(0, end);
      this.tail = more.slice(end);
    } else {
      this.tail += more;
    }
    this.at = this.tail.length;
    return more;
  }

  private put(part: string): void {
    if (part === "\n") {
      this.before += `${this.tail}\n`;
      this.tail = "";
      this.at = 0;
    } else if (part === "\r") {
      this.at = 0;
    } else if (part === "\b") {
      if (this.at === 0) return;
      this.tail = this.tail.slice(0, this.at - 1) + this.tail.slice(this.at);
      this.at--;
    } else if (part) {
      this.tail = this.tail.slice(0, this.at) + part + this.tail.slice(this.at + part.length);
      this.at += part.length;
    }
  }
}
