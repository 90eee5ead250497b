/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events over fetch (EventSource can neither send our headers nor say which status it got).
 *
 *   WAIT --(try)--> OPENING --(200)--> OPEN --(end, error, silence)--> WAIT
 *                      '----(failure)--------------------------------->'
 *
 * Every new stream after the first names the last id seen. The server answers with `hello`; unless that
 * says {"resumed":true} the events in between may be gone, and onOpen(false) asks for everything anew.
 */
export interface SseEvent {
  event: string;
  data: string;
  id: string | null;
}

const LINE_MAX = 1024 * 1024;
const SILENCE_MS = 75_000;
const DOUBT_MS = 15_000; /* the server says something every five */
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/* The parser of the HTML standard, section 9.2.6, fed in pieces of any size. */
export class SseParser {
  private rest = "";
  private data: string[] = [];
  private event = "";
  private id: string | null = null;
  private skipLf = false;

  push(chunk: string): SseEvent[] {
    const out: SseEvent[] = [];
    let text = this.rest + chunk;
    if (this.skipLf && text.startsWith("\n")) text = text.slice(1);
    if (text) this.skipLf = false;
    const lines = text.split(/\r\n|\n|\r/);
    this.rest = lines.pop()!;
    /* A CR at the very end may be half of CRLF: the line is complete, an LF that follows is not another. */
    if (text.endsWith("\r")) this.skipLf = true;
    if (this.rest.length > LINE_MAX) throw new Error("event line too long");
    for (const line of lines) this.line(line, out);
    return out;
  }

  private line(line: string, out: SseEvent[]): void {
    if (line === "") {
      if (this.data.length) out.push({ event: this.event || "message", data: this.data.join("\n"), id: this.id });
      this.data = [];
      this.event = "";
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
  }
}

export interface SseHooks {
  onOpen(resumed: boolean): void;
  onEvent(e: SseEvent): void;
  /* The stream is away; the next try comes at that time (Date.now()). */
  onDown(nextTry: number, status: number): void;
}

export class EventStream {
  private lastId: string | null = null;
  private opened = false;
  private fails = 0;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private heard = 0;

  constructor(
    private readonly url: string,
    private readonly hooks: SseHooks,
  ) {}

  /* What was read until now knows of all events up to this one. */
  from(id: string): this {
    if (!this.opened) this.lastId = id;
    return this;
  }

  start(): void {
    if (this.abort) return;
    clearTimeout(this.timer);
    this.abort = new AbortController();
    void this.run(this.abort);
  }

  /* Try at once, for example when a person presses the button or the network is back. */
  kick(): void {
    if (this.abort) return;
    this.start();
  }

  /*
   * The page did not run for a while. A line that was silent for so long is dead, whatever the browser thinks: nobody
   * told it. What may be asked again is asked at once, after the last id that was seen.
   */
  wake(): void {
    if (this.abort && Date.now() - this.heard < DOUBT_MS) return;
    this.stop();
    this.start();
  }

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.abort?.abort();
    this.abort = null;
  }

  private listen(abort: AbortController): void {
    clearTimeout(this.silence);
    this.heard = Date.now();
    this.silence = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  private async run(abort: AbortController): Promise<void> {
    let status = 0;
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream", "X-Carrel-CSRF": "1" };
      if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
      this.listen(abort);
      const res = await fetch(this.url, {
        headers, credentials: "same-origin", cache: "no-store", redirect: "error", signal: abort.signal,
      });
      status = res.status;
      if (!res.ok || !res.body || !/^text\/event-stream/.test(res.headers.get("Content-Type") ?? ""))
        throw new Error(`events: ${status}`);
      await this.read(res.body.getReader(), abort);
    } catch {
      /* every way down is the same to us: wait and try again */
    }
    if (this.abort !== abort) return; /* stop() was called, or a newer stream runs: its clock is not ours */
    clearTimeout(this.silence);
    this.abort = null;
    const wait = BACKOFF_MS[Math.min(this.fails++, BACKOFF_MS.length - 1)]!;
    this.timer = setTimeout(() => this.start(), wait);
    this.hooks.onDown(Date.now() + wait, status);
  }

  private async read(reader: ReadableStreamDefaultReader<Uint8Array>, abort: AbortController): Promise<void> {
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const asked = this.lastId !== null;
    let greeted = false;
    for (;;) {
      const { done, value } = await reader.read();
      if (done || this.abort !== abort) return;
      this.listen(abort);
      for (const e of parser.push(decoder.decode(value, { stream: true }))) {
        if (e.id !== null) this.lastId = e.id;
        if (!greeted) {
          greeted = true;
          this.fails = 0;
          this.hooks.onOpen(asked && resumed(e));
          this.opened = true;
        }
        if (e.event !== "hello") this.hooks.onEvent(e);
      }
    }
  }
}

function resumed(e: SseEvent): boolean {
  if (e.event !== "hello") return false;
  try {
    return (JSON.parse(e.data) as { resumed?: unknown }).resumed === true;
  } catch {
    return false;
  }
}
