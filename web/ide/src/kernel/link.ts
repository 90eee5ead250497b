/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket of one kernel. A line that breaks is made again under the same session id, by which the server hands
 * over what was said meanwhile. A page that was frozen, or whose network went without a word, has a line that looks
 * open and is dead: after a gap in the page's own time the server is asked, and a line that stays silent is cut.
 */
import { onWake } from "../../../src/lib/wake";
import { kernels } from "./api";
import { type Message, PROTOCOL, decode } from "./wire";

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const ANSWER_MS = 10_000;
const CLOSED_BY_SERVER = 1011; /* the kernel can't go on: its model says why */

export interface LinkEvents {
  opened(again: boolean): void;
  message(m: Message): void;
  lost(nextTry: number): void; /* ms, when it will be tried again */
  ended(): void; /* the kernel is not there any more, or can't be started */
}

export class Link {
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly unwake: () => void;
  private tries = 0;
  private was = false; /* open, ever */
  private closed = false;
  private doubts = 0;
  private doubted = 0; /* which of them nothing was heard after; 0: none */
  nextTry = 0;

  constructor(
    readonly kernel: string,
    private readonly client: string,
    private readonly on: LinkEvents,
    private readonly ask: () => void, /* anything that the kernel answers */
  ) {
    this.unwake = onWake((slept) => slept && (this.socket ? this.doubt() : this.retry()));
    addEventListener("online", this.retry);
    addEventListener("offline", this.doubt);
    this.connect();
  }

  get open(): boolean {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /* Does what the kernel says come in? An open line may be a dead one. */
  get sure(): boolean {
    return this.open && !this.doubted;
  }

  send(data: ArrayBuffer): boolean {
    if (!this.open) return false;
    this.socket!.send(data);
    return true;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.unwake();
    removeEventListener("online", this.retry);
    removeEventListener("offline", this.doubt);
    this.drop()?.close(1000);
  }

  /* Now, not when the timer says. */
  readonly retry = (): void => {
    if (this.closed || this.socket) return;
    clearTimeout(this.timer);
    this.connect();
  };

  private connect(): void {
    const socket = new WebSocket(kernels.channels(this.kernel, this.client), PROTOCOL);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.on.opened(this.was);
      this.was = true;
    };
    socket.onmessage = (e) => {
      this.doubted = 0;
      const m = e.data instanceof ArrayBuffer ? decode(e.data) : null;
      if (m) this.on.message(m);
    };
    socket.onclose = (e) => this.down(e.code);
    setTimeout(() => {
      if (this.socket === socket && socket.readyState === WebSocket.CONNECTING) this.cut(socket);
    }, ANSWER_MS);
  }

  private cut(socket: WebSocket): void {
    this.drop();
    socket.close();
    this.down(1006);
  }

  private drop(): WebSocket | null {
    const socket = this.socket;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = null;
    this.socket = null;
    this.doubted = 0;
    return socket;
  }

  private down(code: number): void {
    this.drop();
    if (this.closed) return;
    /* Spread, so that a restart of the server is not met by everybody at once. */
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries++) * (0.75 + Math.random() / 2);
    this.nextTry = Date.now() + wait;
    this.timer = setTimeout(() => this.connect(), wait);
    this.on.lost(this.nextTry);
    if (code === CLOSED_BY_SERVER || this.tries > 1) void this.isThere();
  }

  private async isThere(): Promise<void> {
    try {
      const k = await kernels.look(this.kernel, ANSWER_MS);
      if (k.execution_state === "dead" && !this.closed && !this.open) this.on.ended();
    } catch (e) {
      if ((e as { status?: number }).status === 404 && !this.closed && !this.open) this.on.ended();
    }
  }

  private readonly doubt = (): void => {
    const socket = this.socket;
    if (!socket || !this.open) return;
    const doubt = (this.doubted ||= ++this.doubts);
    this.ask();
    setTimeout(() => {
      if (this.socket === socket && this.doubted === doubt) this.cut(socket);
    }, ANSWER_MS);
  };
}
