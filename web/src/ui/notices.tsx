/* SPDX-License-Identifier: Apache-2.0 */
/* What one was told: the bell with its count and list, and the same list on Home. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { get, post } from "../lib/api";
import { useStore } from "../lib/store";
import { ago, atMs } from "../lib/time";
import { useAction, useNow } from "../lib/use";
import { onAnew } from "../follow";
import { live } from "../live";
import type { Notice } from "../model";
import { t } from "../text";
import { Icon, type IconName } from "./icons";
import { ServerText } from "./parts";

const SHOWN = 50;
const ON_HOME = 5;

export async function readNotices(): Promise<void> {
  try {
    const { items, unread } = await get<{ items: Notice[]; unread: number }>(`/notices?limit=${SHOWN}`);
    live.set({ notices: items, unread });
  } catch {
    /* the bell stays as it was */
  }
}

async function readAll(): Promise<void> {
  await post("/notices/read");
  const at = new Date().toISOString();
  live.set({ unread: 0, notices: live.get().notices.map((n) => (n.read_at ? n : { ...n, read_at: at })) });
}

/* Following its link is having read it; that the server hears of it may fail without harm. */
function readOne(n: Notice): void {
  if (n.read_at) return;
  const at = new Date().toISOString();
  live.set({ unread: Math.max(0, live.get().unread - 1), notices: live.get().notices.map((x) => (x.id === n.id ? { ...x, read_at: at } : x)) });
  post(`/notices/${encodeURIComponent(n.id)}/read`).catch(() => {});
}

const ICONS: Record<string, IconName> = { "stops-soon": "clock", "runs-long": "clock", stopped: "stop", "stopped-by-admin": "stop", "start-failed": "xc", turn: "queue", budget: "coin", invoice: "list" };

function whereOf(n: Notice): string | null {
  if (n.kind === "budget") return "/usage";
  if (n.kind === "invoice") return `/invoices/${encodeURIComponent(n.object_id)}`;
  return n.data.workspace_id ? `/workspaces/${n.data.workspace_id}/sessions` : null;
}

function One({ n, now, onGo }: { n: Notice; now: number; onGo?: (() => void) | undefined }): JSX.Element {
  const to = whereOf(n);
  const text = <ServerText text={n.data.text} />;
  return (
    <li data-new={n.read_at ? undefined : "true"}>
      <span class="avatar" data-c="5" aria-hidden="true"><Icon name={ICONS[n.kind] ?? "bell"} /></span>
      <span>
        {to ? (
          <a
            href={to}
            onClick={() => {
              readOne(n);
              onGo?.();
            }}
          >
            {text}
          </a>
        ) : (
          text
        )}
        {!n.read_at && <span class="vh">{t.notices.isNew}</span>}
      </span>
      <span class="t3 small nowrap">{ago(atMs(n.at), now)}</span>
    </li>
  );
}

function ReadAll(): JSX.Element | null {
  const unread = useStore(live, (s) => s.unread);
  const action = useAction();
  if (!unread) return null;
  return (
    <button class="btn btn-s push" data-kind="quiet" type="button" aria-busy={action.busy} onClick={() => void action.run(readAll)}>
      {t.home.readAll}
    </button>
  );
}

export function NoticeFeed({ now }: { now: number }): JSX.Element {
  const all = useStore(live, (s) => s.notices);
  const shown = [...all].sort((a, b) => Number(!!a.read_at) - Number(!!b.read_at)).slice(0, ON_HOME);
  return (
    <section class="section" aria-labelledby="you-h">
      <div class="section-head">
        <h2 id="you-h">{t.home.forYou}</h2>
        <ReadAll />
      </div>
      {shown.length ? (
        <ul class="card feed">{shown.map((n) => <One key={n.id} n={n} now={now} />)}</ul>
      ) : (
        <p class="card card-pad t2">{t.home.forYouNone}</p>
      )}
    </section>
  );
}

/* A list under the bell; it is not modal, so the page can be used beside it. */
export function Bell(): JSX.Element {
  const unread = useStore(live, (s) => s.unread);
  const all = useStore(live, (s) => s.notices);
  const now = useNow(30_000);
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    void readNotices();
    return onAnew(() => void readNotices());
  }, []);
  useEffect(() => {
    if (!open) return;
    box.current?.focus();
    const away = (e: Event) => !box.current?.contains(e.target as Node) && !button.current?.contains(e.target as Node) && setOpen(false);
    /* The button that had the focus may be gone: Esc is heard wherever the focus is. */
    const key = (e: KeyboardEvent) => e.key === "Escape" && !document.querySelector("dialog[open]") && shut();
    document.addEventListener("pointerdown", away);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", key);
    };
  }, [open]);
  const shut = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <div class="bell-place">
      <button
        ref={button}
        class="btn btn-icon bell"
        data-kind="quiet"
        type="button"
        aria-label={unread ? t.notices.some(unread) : t.notices.title}
        aria-expanded={open}
        onClick={() => {
          if (!open) void readNotices();
          setOpen(!open);
        }}
      >
        <Icon name="bell" />
        {unread > 0 && <span class="bell-count" aria-hidden="true">{unread > 98 ? "99" : unread}</span>}
      </button>
      {open && (
        <div
          class="menu bell-list"
          role="dialog"
          aria-label={t.notices.title}
          tabIndex={-1}
          ref={box}
          onFocusOut={(e) => e.relatedTarget && !box.current?.contains(e.relatedTarget as Node) && setOpen(false)}
        >
          <div class="row bell-head">
            <h2 class="h3">{t.notices.title}</h2>
            <ReadAll />
          </div>
          {all.length ? <ul class="feed" role="list">{all.map((n) => <One key={n.id} n={n} now={now} onGo={() => setOpen(false)} />)}</ul> : <p class="t2 bell-none">{t.notices.none}</p>}
        </div>
      )}
    </div>
  );
}
