/* SPDX-License-Identifier: Apache-2.0 */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventStream, SseParser, type SseEvent } from "./sse";

describe("the event parser", () => {
  const text =
    ': ping\r\nevent: session\ndata: {"a":1}\ndata:x\nid: 7\n\nevent: nothing\n\ndata: two\r\n\r\rdata: é\n\nid: 9\ndata\n\n';
  const want: SseEvent[] = [
    { event: "session", data: '{"a":1}\nx', id: "7" },
    { event: "message", data: "two", id: "7" },
    { event: "message", data: "é", id: "7" },
    { event: "message", data: "", id: "9" },
  ];

  it("gives the same events at every split and one character at a time", () => {
    expect(new SseParser().push(text)).toEqual(want);
    for (let i = 0; i <= text.length; i++) {
      const p = new SseParser();
      expect([...p.push(text.slice(0, i)), ...p.push(text.slice(i))]).toEqual(want);
    }
    const p = new SseParser();
    expect([...text].flatMap((c) => p.push(c))).toEqual(want);
  });

  it("refuses a line without end", () => {
    const p = new SseParser();
    expect(() => p.push("data: " + "x".repeat(1024 * 1024 + 1))).toThrow(/too long/);
  });
});

describe("the event stream", () => {
  let streams: { headers: Record<string, string>; send(s: string): void; end(): void }[];
  let status: number;
  const hooks = { onOpen: vi.fn(), onEvent: vi.fn(), onDown: vi.fn() };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    streams = [];
    status = 200;
    vi.stubGlobal("fetch", (_: string, init: { headers: Record<string, string>; signal: AbortSignal }) => {
      let c!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (x) => void (c = x) });
      init.signal.addEventListener("abort", () => c.error(new Error("aborted")));
      streams.push({
        headers: init.headers,
        send: (s) => c.enqueue(new TextEncoder().encode(s)),
        end: () => c.close(),
      });
      return Promise.resolve(new Response(body, { status, headers: { "Content-Type": "text/event-stream" } }));
    });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const turn = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

  it("resumes after the last id and says whether something may be missing", async () => {
    const s = new EventStream("/api/v1/events", hooks);
    s.start();
    await turn();
    streams[0]!.send("event: hello\ndata: {}\nid: 4\n\nevent: session\ndata: {}\nid: 5\n\n");
    await turn();
    expect(hooks.onOpen).toHaveBeenLastCalledWith(false);
    expect(hooks.onEvent).toHaveBeenCalledTimes(1);
    streams[0]!.end();
    await turn(600);
    expect(streams[1]!.headers["Last-Event-ID"]).toBe("5");
    streams[1]!.send('event: hello\ndata: {"resumed":true}\n\n');
    await turn();
    expect(hooks.onOpen).toHaveBeenLastCalledWith(true);
    streams[1]!.end();
    await turn(600);
    streams[2]!.send("event: hello\ndata: {}\nid: 90\n\n");
    await turn();
    expect(hooks.onOpen).toHaveBeenLastCalledWith(false);
    s.stop();
  });

  it("begins after what was read already", async () => {
    const s = new EventStream("/api/v1/events", hooks).from("17");
    s.start();
    await turn();
    expect(streams[0]!.headers["Last-Event-ID"]).toBe("17");
    streams[0]!.send('event: hello\ndata: {"resumed":true}\nid: 17\n\nevent: session\ndata: {}\nid: 18\n\n');
    await turn();
    expect(hooks.onOpen).toHaveBeenLastCalledWith(true);
    expect(hooks.onEvent).toHaveBeenCalledTimes(1);
    expect(s.from("3")).toBe(s); /* what came is newer */
    streams[0]!.end();
    await turn(600);
    expect(streams[1]!.headers["Last-Event-ID"]).toBe("18");
    s.stop();
  });

  it("backs off while nobody answers, and a kick tries at once", async () => {
    status = 503;
    const s = new EventStream("/api/v1/events", hooks);
    s.start();
    await turn();
    expect(hooks.onDown).toHaveBeenLastCalledWith(Date.now() + 500, 503);
    await turn(500);
    expect(hooks.onDown).toHaveBeenLastCalledWith(Date.now() + 1000, 503);
    await turn(1000 + 2000 + 4000 + 8000 + 15_000);
    expect(streams.length).toBe(7);
    s.kick();
    await turn();
    expect(streams.length).toBe(8);
    expect(hooks.onDown).toHaveBeenLastCalledWith(Date.now() + 15_000, 503);
    s.stop();
    await turn(60_000);
    expect(streams.length).toBe(8);
  });

  it("does not wait for ever on a silent stream", async () => {
    const s = new EventStream("/api/v1/events", hooks);
    s.start();
    await turn();
    streams[0]!.send("event: hello\ndata: {}\n\n");
    await turn(74_000);
    streams[0]!.send(": ping\n");
    await turn(74_000);
    expect(streams.length).toBe(1);
    await turn(2000);
    expect(hooks.onDown).toHaveBeenCalledTimes(1);
    s.stop();
  });
});
