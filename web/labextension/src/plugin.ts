/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A status-bar item with the time to stop, and a notification when the stop is near, with a way to put it
 * off; beside it an item with what the session uses. Facts come from the agent: GET /api/carrel/session once in a while, and its events in between.
 * Looking is not working: none of these requests counts as activity.
 */
import { addIdeLink } from "./ide";
import type { JupyterFrontEnd, Plugin, ServerEvent, Shared, StatusBar } from "./jupyter";
import { type Usage, cpus, parts, usageOf } from "../../shared/session/usage";
import { type Near, type Status, canExtend, clock, left, leftText, near, statusOf } from "../../shared/session/stop";

const STOP_WARNING = "https://carrel.dev/events/stop_warning/v1";
const SESSION = "https://carrel.dev/events/session/v1";
const EXTEND_S = 3600;
const ASK_MS = 10_000;
const TICK_MS = 1000;

const WHY: Record<string, string> = {
  idle: "because it is idle",
  max: "because its longest run is reached",
  calendar: "by its workspace's calendar",
  budget: "because the budget is used up",
  user: "because you stopped it",
  admin: "because an administrator stopped it",
  delete: "because its workspace is deleted",
  shutdown: "because the platform is shut down",
};

class UsageItem {
  private before: Usage | null = null;
  private cpus = NaN;
  private readonly node = document.createElement("span");

  constructor(
    private readonly shared: Shared,
    bar: StatusBar,
  ) {
    const n = this.node;
    n.className = "jp-StatusBar-TextItem";
    n.hidden = true;
    const widget = new this.shared["@lumino/widgets"].Widget({ node: document.createElement("div") });
    widget.node.id = "carrel-usage";
    widget.node.append(n);
    bar.registerStatusItem("@carrel/labextension:usage", { item: widget, align: "right", rank: -9 });
  }

  take(u: Usage): void {
    if (u.measured_ns !== this.before?.measured_ns) {
      this.cpus = cpus(this.before, u);
      this.before = u;
    }
    const all = parts(u, this.cpus);
    this.node.hidden = !all.length;
    this.node.title = all.map((p) => p.words).join("\n");
    this.node.replaceChildren(
      ...all.flatMap((p, i) => {
        const span = document.createElement("span");
        span.textContent = p.text;
        if (p.near) Object.assign(span.style, { color: "var(--jp-warn-color0)", fontWeight: "bold" });
        return i ? [" · ", span] : [span];
      }),
    );
  }
}

export class StopWatch {
  private usage: UsageItem | null = null;
  private status: Status | null = null;
  private skew_ms = 0;
  private notice: string | null = null;
  private warnedFor = NaN; /* the stop that the reader was warned of */
  private warnedAt: Near = "";
  private extending = false;
  private ended = false;
  private session: unknown = null; /* whose answers these are */
  private readonly node = document.createElement("button");

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly shared: Shared,
  ) {}

  start(bar: StatusBar | null): void {
    if (bar) {
      this.addItem(bar);
      this.usage = new UsageItem(this.shared, bar);
    }
    this.app.serviceManager.events?.stream.connect((_, e) => this.onEvent(e));
    void this.app.restored.then(() => this.ask());
    setInterval(() => !document.hidden && void this.ask(), ASK_MS);
    setInterval(() => this.tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => !document.hidden && void this.ask());
  }

  private now(): number {
    return Date.now() + this.skew_ms;
  }

  private addItem(bar: StatusBar): void {
    const n = this.node;
    n.type = "button";
    n.title = `Put the stop off by ${leftText(EXTEND_S)}`;
    /* Set through the object model: JupyterLab's own class gives a bar item its type and height. */
    Object.assign(n.style, { background: "none", border: "0", padding: "0", color: "inherit", fontFamily: "inherit", cursor: "pointer" });
    n.className = "jp-StatusBar-TextItem";
    n.addEventListener("click", () => void this.extend());
    const widget = new this.shared["@lumino/widgets"].Widget({ node: document.createElement("div") });
    widget.addClass("jp-mod-highlighted");
    widget.node.append(n);
    bar.registerStatusItem("@carrel/labextension:stop", { item: widget, align: "right", rank: -10 });
    this.draw();
  }

  /* Relative to the page: the session's own origin, or whatever base the server has. */
  private async ask(): Promise<void> {
    try {
      const r = await fetch(new URL("api/carrel/session", this.app.serviceManager.serverSettings.baseUrl), {
        credentials: "same-origin",
        cache: "no-store",
      });
      if (!r.ok) return;
      const date = Date.parse(r.headers.get("Date") ?? "");
      if (!Number.isNaN(date)) this.skew_ms = Math.abs(date + 500 - Date.now()) > 2000 ? date + 500 - Date.now() : 0;
      const data = (await r.json()) as Record<string, unknown>;
      if (this.ended && !this.begins(data)) return;
      this.session = data.session;
      this.take(statusOf(data, this.status));
      this.usage?.take(usageOf(data));
    } catch {
      /* the page has its own word for a lost connection */
    }
  }

  /* What stops answers until it has, with a stop that it will not live to see; what was started again is another session. */
  private begins(data: Record<string, unknown>): boolean {
    if (data.session === this.session || !(left(statusOf(data, null), this.now()) > 0)) return false;
    this.ended = false;
    this.status = null;
    this.unwarn();
    return true;
  }

  private onEvent(e: ServerEvent): void {
    if (e.schema_id === STOP_WARNING) this.take(statusOf(e, this.status));
    else if (e.schema_id === SESSION && e.state === "stopping") this.stopping(String(e.reason ?? ""));
  }

  private take(s: Status): void {
    this.status = s;
    this.tick();
  }

  private tick(): void {
    this.draw();
    const s = this.status;
    if (!s || this.ended) return;
    const at = near(s, this.now());
    if (at) this.warn(s, at);
    else this.unwarn();
  }

  private draw(): void {
    const seconds = left(this.status, this.now());
    this.node.hidden = Number.isNaN(seconds) || this.ended;
    const text = `Stops in ${leftText(seconds || 0)}`;
    if (this.node.textContent !== text) this.node.textContent = text;
  }

  /* Twice for each stop, once each; a stop that has moved by seconds only is the same one. */
  private warn(s: Status, at: Near): void {
    if (Math.abs(this.warnedFor - s.stop_at) < 30_000 && (this.warnedAt === "last" || at === "early")) return;
    this.unwarn();
    this.warnedFor = s.stop_at;
    this.warnedAt = at;
    const text = `This session stops at ${clock(s.stop_at - this.skew_ms)}, ${WHY[s.why] ?? WHY.idle}. Saved files stay.`;
    this.notice = this.shared["@jupyterlab/apputils"].Notification.warning(text, {
      autoClose: false,
      actions: !canExtend(s) ? [] : [{ label: `Extend ${leftText(EXTEND_S)}`, displayType: "accent", callback: () => void this.extend() }],
    });
  }

  private unwarn(): void {
    if (this.notice) this.shared["@jupyterlab/apputils"].Notification.dismiss(this.notice);
    this.notice = null;
    this.warnedFor = NaN;
  }

  private stopping(reason: string): void {
    this.ended = true;
    this.unwarn();
    this.draw();
    const text = `This session is stopping${WHY[reason] ? `, ${WHY[reason]}` : ""}. Saved files stay; start it again from the console.`;
    this.notice = this.shared["@jupyterlab/apputils"].Notification.warning(text, { autoClose: false });
  }

  private async extend(): Promise<void> {
    if (this.extending) return;
    this.extending = true;
    const { Notification } = this.shared["@jupyterlab/apputils"];
    try {
      const r = await fetch("/.carrel/extend", {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-Carrel-CSRF": "1" },
        body: JSON.stringify({ seconds: EXTEND_S }),
      });
      const body = (await r.json().catch(() => ({}))) as Record<string, unknown>;
      if (!r.ok) throw new Error(String(body.detail ?? body.title ?? `The server answered ${r.status}.`));
      this.unwarn();
      const s = statusOf(body, this.status);
      this.take(s);
      if (!Number.isNaN(s.stop_at)) Notification.info(`This session runs until ${clock(s.stop_at - this.skew_ms)}.`, { autoClose: 5000 });
    } catch (e) {
      const why = e instanceof TypeError ? "Carrel does not answer." : String((e as Error).message);
      Notification.error(`The stop was not put off. ${why} Try it in the console.`, { autoClose: false });
    } finally {
      this.extending = false;
    }
  }
}

export function makePlugin(shared: Shared): Plugin<StatusBar> {
  return {
    id: "@carrel/labextension:stop",
    description: "Tells when the session stops and puts the stop off.",
    autoStart: true,
    requires: [],
    optional: [shared["@jupyterlab/statusbar"].IStatusBar],
    activate(app, bar) {
      new StopWatch(app, shared).start(bar);
      if (bar) addIdeLink(app, shared, bar);
    },
  };
}
