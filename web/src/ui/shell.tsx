/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of every page: navigation, top bar, banner of the lost connection, stop warnings, keys. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lazy } from "../lib/lazy";
import { setMyTheme } from "../me";
import { useKeys } from "../lib/keys";
import { count as grouped } from "../lib/locale";
import { percentOf, usedNow } from "../budget";
import { cents, parseMicro, sum, whole } from "../lib/money";
import { go } from "../lib/router";
import { useStore } from "../lib/store";
import { otherTheme } from "../lib/theme";
import { clock, monthName, monthOf } from "../lib/time";
import { useNow } from "../lib/use";
import { retryNow } from "../follow";
import { live } from "../live";
import { t } from "../text";
import { linesOf, totalOf } from "../usage";
import { isIdle, running } from "../words";
import { ADMIN } from "./admin-nav";
import { BrandMark, Icon, type IconName } from "./icons";
import { KeysDialog } from "./keys-dialog";
import { Toasts } from "./layers";
import { Bell } from "./notices";
import { Bar, rateText } from "./parts";
import { StopWarnings } from "./warnings";
import { useWorkspaceActions } from "./workspace-actions";

const Palette = lazy(() => import("./palette").then((m) => m.Palette), () => null);

interface Crumb {
  text: string;
  href?: string;
}

const crumbs = { current: [] as Crumb[] };
let onCrumbs: (() => void) | null = null;

/* A page says where it is; its last crumb is also the document's title. */
export function usePage(trail: Crumb[], title?: string): void {
  const last = trail[trail.length - 1]?.text ?? "";
  const key = trail.map((c) => c.text + (c.href ?? "")).join("|");
  useEffect(() => {
    crumbs.current = trail;
    onCrumbs?.();
  }, [key]);
  useEffect(() => {
    document.title = t.title(title ?? last);
  }, [title, last]);
}

function Crumbs(): JSX.Element {
  const [, again] = useState(0);
  useEffect(() => {
    onCrumbs = () => again((n) => n + 1);
    again((n) => n + 1);
    return () => void (onCrumbs = null);
  }, []);
  const all = crumbs.current;
  return (
    <nav class="crumbs" aria-label={t.nav.here}>
      {all.map((c, i) =>
        i === all.length - 1 ? (
          <span aria-current="page" key={i}>{c.text}</span>
        ) : (
          <span class="not-phone crumb" key={i}>
            <a href={c.href}>{c.text}</a>
            <Icon name="right" size="s" />
          </span>
        ),
      )}
    </nav>
  );
}

function NavItem({ href, icon, text, count, at }: { href: string; icon: IconName; text: string; count?: number | undefined; at: boolean }): JSX.Element {
  return (
    <a class="nav-item" href={href} aria-current={at ? "page" : undefined}>
      <Icon name={icon} />
      <span class="truncate">{text}</span>
      {count ? <span class="count">{grouped(count)}</span> : null}
    </a>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "")).toUpperCase();
}

function Meter(): JSX.Element {
  const all = useStore(live, (s) => s.workspaces);
  const month = useStore(live, (s) => s.month);
  const me = useStore(live, (s) => s.me)!;
  const now = useNow(10_000);
  const metered = running(all).filter((w) => w.session!.state === "running");
  const hourly = sum(metered.map((w) => parseMicro(w.session!.price_per_hour) ?? 0n));
  const present = monthOf(now);
  const balance = useStore(live, (s) => s.balance);
  const micro = balance ? usedNow(balance, now) : month ? totalOf(month, linesOf(month, all ?? [], present, now)).micro : null;
  const total = micro !== null ? cents(micro, me.currency) : "";
  const amount = balance?.budget ? (parseMicro(balance.budget.amount) ?? 0n) : null;
  const percent = amount !== null && micro !== null ? percentOf(micro, amount) : 0;
  const rate = cents(hourly, me.currency);
  return (
    <a class="nav-meter" href="/usage">
      <span class="row small">
        <span class="t3">{t.usage.now}</span>
        <span class="push num strong">
          {metered.length ? rate : t.nav.nothingRuns}
          {metered.length > 0 && <span class="t3 regular">{` ${t.perHour}`}</span>}
        </span>
      </span>
      {amount !== null && micro !== null && (
        <Bar part={percent / 100} kind={percent >= 100 ? "danger" : percent >= 80 ? "warn" : undefined} label={t.budget.bar(percent, cents(amount, me.currency))} />
      )}
      <span class="row small num">
        <span>{total}</span>
        <span class="t3 push">
          {amount !== null ? t.nav.ofBudget(whole(amount, me.currency), monthName(present)) : t.nav.inMonth(monthName(present))}
        </span>
      </span>
    </a>
  );
}

function Nav({ path }: { path: string }): JSX.Element {
  const all = useStore(live, (s) => s.workspaces);
  const now = useNow(30_000);
  const me = useStore(live, (s) => s.me)!;
  const on = running(all);
  const [, first, second] = path.split("/");
  return (
    <nav class="nav" aria-label={t.nav.main}>
      <a class="brand nav-brand" href="/">
        <BrandMark />
        {t.product}
      </a>
      <NavItem href="/" icon="home" text={t.home.nav} at={!first} />
      <NavItem href="/workspaces" icon="desk" text={t.nav.workspaces} count={all?.length} at={first === "workspaces"} />
      {on.length > 0 && (
        <>
          <div class="nav-head">
            <span class="eyebrow">{t.nav.running}</span>
          </div>
          {on.map((w) => (
            <a class="nav-item" href={`/workspaces/${w.id}`} key={w.id}>
              <span class="lamp" data-state={w.session!.state !== "running" ? "queued" : isIdle(w.session!, now) ? "idle" : undefined} />
              <span class="truncate">{w.name}</span>
              <span class="count num">{rateText(w.session!.price_per_hour, me.currency)}</span>
            </a>
          ))}
        </>
      )}
      <div class="nav-head">
        <span class="eyebrow">{t.nav.you}</span>
      </div>
      <NavItem href="/usage" icon="chart" text={t.nav.usage} at={first === "usage"} />
      <NavItem href="/tokens" icon="key" text={t.nav.tokens} at={first === "tokens"} />
      <NavItem href="/account" icon="user" text={t.nav.account} at={first === "account"} />
      {me.account.admin && ADMIN.length > 0 && (
        <>
          <div class="nav-head">
            <span class="eyebrow">{t.nav.administration}</span>
          </div>
          {ADMIN.map((x) => (
            <NavItem key={x.path} href={`/admin/${x.path}`} icon={x.icon} text={x.text()} at={first === "admin" && second === x.path} />
          ))}
        </>
      )}
      <Meter />
    </nav>
  );
}

function TabBar({ path }: { path: string }): JSX.Element {
  const first = path.split("/")[1] || "home";
  const at = (p: string) => (first === p ? "page" : undefined);
  return (
    <nav class="tabbar" aria-label={t.nav.phone}>
      <a href="/" aria-current={at("home")}>
        <Icon name="home" />
        {t.home.nav}
      </a>
      <a href="/workspaces" aria-current={at("workspaces")}>
        <Icon name="desk" />
        {t.nav.workspaces}
      </a>
      <a href="/workspaces/new" aria-label={t.nav.newWorkspace}>
        <span class="new">
          <Icon name="plus" />
        </span>
      </a>
      <a href="/usage" aria-current={at("usage")}>
        <Icon name="chart" />
        {t.nav.usage}
      </a>
      <a href="/account" aria-current={at("account")}>
        <Icon name="user" />
        {t.nav.account}
      </a>
    </nav>
  );
}

/* Above the last good content, with the seconds to the next try. Shown after two seconds only: a short
 * break is not worth a jump of the page. */
function AwayBanner(): JSX.Element | null {
  const link = useStore(live, (s) => s.link);
  useNow(1000);
  if (!link.since || Date.now() - link.since < 2000) return null;
  const left = Math.ceil((link.nextTry - Date.now()) / 1000);
  return (
    <div class="banner away" data-kind="warn" role="status">
      <Icon name="offline" />
      <div class="banner-body">
        <span class="strong">{t.link.lost(clock(link.since))}</span>{" "}
        <span aria-live="off">{left > 0 ? t.link.body(left) : t.link.trying}</span>
      </div>
      <div class="actions">
        <button class="btn btn-s" type="button" onClick={retryNow}>
          {t.tryNow}
        </button>
      </div>
    </div>
  );
}

export function Shell({ path, children }: { path: string; children: ComponentChildren }): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const [keys, setKeys] = useState(false);
  const [palette, setPalette] = useState(false);
  const acts = useWorkspaceActions();
  /* Fetched once the page stands, so that the first Ctrl K finds it there. */
  useEffect(() => {
    const timer = setTimeout(() => Palette.preload(), 1500);
    return () => clearTimeout(timer);
  }, []);
  const who = me.account.name || me.account.email;
  useKeys({
    "Ctrl K": () => !document.querySelector("dialog[open]") && setPalette(true),
    "/": () => go("/search"),
    "g h": () => go("/"),
    "g w": () => go("/workspaces"),
    "g u": () => go("/usage"),
    n: () => go("/workspaces/new"),
    t: () => setMyTheme(otherTheme()),
    "?": () => setKeys(true),
  });
  return (
    <>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <div class="app">
        <Nav path={path} />
        <div class="content">
          <header class="topbar">
            <a class="brand only-phone" href="/" aria-label={t.nav.home}>
              <BrandMark />
            </a>
            <Crumbs />
            <span class="push" />
            <button class="btn btn-s not-phone search-button" type="button" onClick={() => setPalette(true)} data-tour="find">
              <Icon name="search" size="s" />
              {t.palette.button}
              <span class="push row search-keys"><kbd>Ctrl</kbd><kbd>K</kbd></span>
            </button>
            <button class="btn btn-icon only-phone" data-kind="quiet" type="button" aria-label={t.palette.title} onClick={() => setPalette(true)}>
              <Icon name="search" />
            </button>
            <Bell />
            <button class="btn btn-icon not-phone" data-kind="quiet" type="button" aria-label={t.nav.keys} onClick={() => setKeys(true)}>
              <kbd>?</kbd>
            </button>
            <button class="btn btn-icon" data-kind="quiet" type="button" aria-label={t.nav.theme} onClick={() => setMyTheme(otherTheme())}>
              <Icon name="theme" />
            </button>
            <a class="avatar" href="/account">
              <span aria-hidden="true">{initials(who)}</span>
              <span class="vh">{t.nav.user(who)}</span>
            </a>
          </header>
          <main id="main" class={pageClass(path)} tabIndex={-1}>
            <AwayBanner />
            {children}
          </main>
        </div>
        <TabBar path={path} />
      </div>
      <Toasts>
        <StopWarnings />
      </Toasts>
      {palette && <Palette acts={acts} onClose={() => setPalette(false)} onKeys={() => setKeys(true)} />}
      {acts.dialogs}
      {keys && <KeysDialog onClose={() => setKeys(false)} />}
    </>
  );
}

function pageClass(path: string): string {
  const parts = path.split("/").filter(Boolean);
  if (parts[0] === "workspaces" && parts.length === 1) return "page page-list";
  if (parts[0] === "admin") return "page page-wide";
  if (parts[0] === "open" || parts[2] === "start") return "page page-start";
  return "page";
}
