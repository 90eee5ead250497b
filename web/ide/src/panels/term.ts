/* SPDX-License-Identifier: Apache-2.0 */
/* One terminal of the session in an xterm.js: its WebSocket, its size, its colours. */
import { FitAddon } from "@xterm/addon-fit";
import { Terminal as Xterm } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { onWake } from "../../../src/lib/wake";
import { address } from "../kernel/api";
import { isDark, onTheme, variables } from "../outputs/theme";

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

export type TermState = "open" | "lost" | "ended";

const hex = (rgb: string): string => {
  const n = rgb.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0];
  return `#${n.slice(0, 3).map((v) => Math.round(v).toString(16).padStart(2, "0")).join("")}`;
};

/* xterm wants every colour resolved. */
function themeOf(): Record<string, string> {
  const v = variables();
  const c = (name: string): string => hex(v[name] ?? "rgb(0 0 0)");
  const dark = isDark();
  return {
    background: c("--bg"),
    foreground: c("--text"),
    cursor: c("--text"),
    cursorAccent: c("--bg"),
    selectionBackground: c("--accent-line"),
    black: dark ? c("--text-3") : c("--text"),
    red: c("--danger"),
    green: c("--syn-string"),
    yellow: c("--warn"),
    blue: c("--syn-function"),
    magenta: c("--syn-keyword"),
    cyan: c("--syn-type"),
    white: dark ? c("--text") : c("--text-3"),
    brightBlack: c("--text-3"),
    brightRed: c("--danger"),
    brightGreen: c("--accent-text"),
    brightYellow: c("--syn-number"),
    brightBlue: c("--info"),
    brightMagenta: c("--syn-keyword"),
    brightCyan: c("--syn-type"),
    brightWhite: c("--text"),
  };
}

export class Term {
  private readonly xterm = new Xterm({
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono"),
    fontSize: 12.5,
    lineHeight: 1.35,
    cursorBlink: false,
    minimumContrastRatio: 4.5,
    scrollback: 10_000,
    theme: themeOf(),
    screenReaderMode: false,
  });
  private readonly fit = new FitAddon();
  private readonly sizes: ResizeObserver;
  private readonly untheme: () => void;
  private readonly unwake: () => void;
  private socket: WebSocket | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;
  private closed = false;

  constructor(
    readonly name: string,
    label: string,
    readonly host: HTMLElement,
    private readonly changed: (s: TermState) => void,
  ) {
    this.xterm.loadAddon(this.fit);
    this.xterm.open(host);
    this.xterm.onData((data) => this.send(["stdin", data]));
    this.xterm.onResize(() => this.size());
    this.xterm.textarea?.setAttribute("aria-label", label);
    this.sizes = new ResizeObserver(() => this.refit());
    this.sizes.observe(host);
    this.untheme = onTheme(() => (this.xterm.options.theme = themeOf()));
    addEventListener("online", this.now);
    this.unwake = onWake(this.anew);
    this.connect();
  }

  focus(): void {
    this.refit();
    this.xterm.focus();
  }

  /* For whom can't see the canvas, and for tests. */
  text(): string {
    const b = this.xterm.buffer.active;
    return Array.from({ length: b.length }, (_, i) => b.getLine(i)?.translateToString(true) ?? "").join("\n");
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.now);
    this.unwake();
    this.sizes.disconnect();
    this.untheme();
    this.socket?.close(1000);
    this.xterm.dispose();
  }

  private refit(): void {
    if (this.host.clientWidth > 0 && this.host.clientHeight > 0) this.fit.fit();
  }

  private size(): void {
    this.send(["set_size", this.xterm.rows, this.xterm.cols, this.host.clientHeight, this.host.clientWidth]);
  }

  private send(m: unknown[]): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(m));
  }

  private readonly now = (): void => {
    if (this.socket || this.closed) return;
    clearTimeout(this.timer);
    this.connect();
  };

  /* Its line may be dead, and what is typed would go nowhere: the server shows everything again on a new one. */
  private readonly anew = (slept: boolean): void => {
    if (!slept) return;
    const old = this.socket;
    if (old) {
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
      this.socket = null;
      this.tries ||= 1;
      this.changed("lost");
    }
    this.now();
  };

  private connect(): void {
    const socket = new WebSocket(address(`terminals/websocket/${encodeURIComponent(this.name)}`).replace(/^http/, "ws"));
    this.socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      if (this.tries) this.xterm.reset(); /* what it shows is sent again */
      this.tries = 0;
      this.changed("open");
      this.refit();
      this.size();
    };
    socket.onmessage = (e) => this.take(e.data);
    socket.onclose = (e) => {
      this.socket = null;
      if (this.closed) return;
      if (!opened && this.tries > 0) void this.isThere();
      this.tries++;
      this.changed("lost");
      this.timer = setTimeout(() => this.connect(), e.code === 1012 ? FIRST_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** this.tries));
    };
  }

  private take(data: unknown): void {
    let m: unknown;
    try {
      m = JSON.parse(String(data));
    } catch {
      return;
    }
    if (!Array.isArray(m)) return;
    if (m[0] === "stdout" && typeof m[1] === "string") this.xterm.write(m[1]);
    else if (m[0] === "disconnect") this.ended();
  }

  private async isThere(): Promise<void> {
    const r = await fetch(address(`api/terminals/${encodeURIComponent(this.name)}`), { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    if (r?.status === 404) this.ended();
  }

  private ended(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.closed = true;
    this.socket?.close(1000);
    this.changed("ended");
  }
}
