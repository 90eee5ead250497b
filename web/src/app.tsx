/* SPDX-License-Identifier: Apache-2.0 */
/* Which page stands at an address, and what is shown while that is not known yet. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { setKeysOn } from "./lib/keys";
import { lazy, type Waiting } from "./lib/lazy";
import { setTheme, isTheme } from "./lib/theme";
import { usePlace } from "./lib/router";
import { useStore } from "./lib/store";
import { live } from "./live";
import { NotFound, Unreachable } from "./pages/errors";
import { HomePage } from "./pages/home";
import { choose, isChoice, spoken, t } from "./text";
import { Icon } from "./ui/icons";
import { SkeletonRows } from "./ui/parts";
import { Shell } from "./ui/shell";

/* While a page's file is fetched, and when it can't be. */
function Waits({ slow, failed, retry }: Waiting): JSX.Element | null {
  if (failed)
    return (
      <div class="banner" data-kind="danger" role="alert">
        <Icon name="alert" />
        <div class="banner-body">{t.error.page}</div>
        <div class="actions">
          <button class="btn btn-s" type="button" onClick={retry}>{t.tryAgain}</button>
        </div>
      </div>
    );
  return slow ? <div class="card"><SkeletonRows rows={6} label={t.loading} /></div> : null;
}

const wait = (w: Waiting) => <Waits {...w} />;
/* Each page is a file of its own; Home comes with the frame. */
const AccountPage = lazy(() => import("./pages/account").then((m) => m.AccountPage), wait);
const AdminAccountsPage = lazy(() => import("./pages/admin-accounts").then((m) => m.AdminAccountsPage), wait);
const AdminAuditPage = lazy(() => import("./pages/admin-audit").then((m) => m.AdminAuditPage), wait);
const AdminBudgetsPage = lazy(() => import("./pages/admin-budgets").then((m) => m.AdminBudgetsPage), wait);
const AdminCataloguePage = lazy(() => import("./pages/admin-catalogue").then((m) => m.AdminCataloguePage), wait);
const AdminHealthPage = lazy(() => import("./pages/admin-health").then((m) => m.AdminHealthPage), wait);
const AdminSessionsPage = lazy(() => import("./pages/admin-sessions").then((m) => m.AdminSessionsPage), wait);
const AdminUsagePage = lazy(() => import("./pages/admin-usage").then((m) => m.AdminUsagePage), wait);
const CapacityPage = lazy(() => import("./pages/admin-capacity").then((m) => m.CapacityPage), wait);
const CreatePage = lazy(() => import("./pages/create").then((m) => m.CreatePage), wait);
const DeletedPage = lazy(() => import("./pages/deleted").then((m) => m.DeletedPage), wait);
const InvoicePage = lazy(() => import("./pages/invoices").then((m) => m.InvoicePage), wait);
const InvoicesPage = lazy(() => import("./pages/invoices").then((m) => m.InvoicesPage), wait);
const ListPage = lazy(() => import("./pages/list").then((m) => m.ListPage), wait);
const OpenPage = lazy(() => import("./pages/open").then((m) => m.OpenPage), wait);
const SearchPage = lazy(() => import("./pages/search").then((m) => m.SearchPage), wait);
const SignIn = lazy(() => import("./pages/sign-in").then((m) => m.SignIn), () => null);
const StartingPage = lazy(() => import("./pages/starting").then((m) => m.StartingPage), wait);
const TokensPage = lazy(() => import("./pages/tokens").then((m) => m.TokensPage), wait);
const UsagePage = lazy(() => import("./pages/usage").then((m) => m.UsagePage), wait);
const WorkspacePage = lazy(() => import("./pages/workspace").then((m) => m.WorkspacePage), wait);

const TABS = ["files", "sessions", "environment", "logs", "settings"];

/* By the paths of ui/admin-nav.ts. */
function adminPage(name: string): JSX.Element {
  switch (name) {
    case "sessions":
      return <AdminSessionsPage />;
    case "health":
      return <AdminHealthPage />;
    case "audit":
      return <AdminAuditPage />;
    case "accounts":
      return <AdminAccountsPage />;
    case "catalogue":
      return <AdminCataloguePage />;
    case "usage":
      return <AdminUsagePage />;
    case "budgets":
      return <AdminBudgetsPage />;
    case "capacity":
      return <CapacityPage />;
    default:
      return <NotFound />;
  }
}

function page(path: string): JSX.Element {
  const parts = path.split("/").filter(Boolean);
  const [first, second, third] = parts;
  if (parts.length === 0) return <HomePage />;
  if (parts.length === 1) {
    if (first === "workspaces") return <ListPage />;
    if (first === "search") return <SearchPage />;
    if (first === "usage") return <UsagePage />;
    if (first === "invoices") return <InvoicesPage />;
    if (first === "tokens") return <TokensPage />;
    if (first === "account") return <AccountPage />;
    if (first === "sign-in") return <HomePage />;
  }
  if (first === "invoices" && second && parts.length === 2) return <InvoicePage key={second} id={second} />;
  if (first === "admin" && second && parts.length === 2) return adminPage(second);
  if (first === "open" && second && parts.length === 2) return <OpenPage key={second} label={second} />;
  if (first === "workspaces" && second === "new" && parts.length === 2) return <CreatePage />;
  if (first === "workspaces" && second === "deleted" && parts.length === 2) return <DeletedPage />;
  if (first === "workspaces" && second) {
    if (parts.length === 2) return <WorkspacePage key={second} id={second} tab="overview" />;
    if (parts.length === 3 && third === "start") return <StartingPage key={second} id={second} />;
    if (parts.length === 3 && TABS.includes(third!)) return <WorkspacePage key={second} id={second} tab={third!} />;
  }
  return <NotFound />;
}

export function App(): JSX.Element | null {
  const phase = useStore(live, (s) => s.phase);
  const mine = useStore(live, (s) => s.me?.account.theme);
  const myLanguage = useStore(live, (s) => s.me?.prefs?.language);
  const oneKey = useStore(live, (s) => s.me?.prefs?.one_key);
  const language = useStore(spoken, (s) => s.language);
  const { path, moves } = usePlace();
  const [late, setLate] = useState(false);

  /* The account's theme wins over what this browser kept, once per sign-in. */
  useEffect(() => {
    if (isTheme(mine)) setTheme(mine);
  }, [mine]);

  useEffect(() => {
    if (isChoice(myLanguage)) void choose(myLanguage);
  }, [myLanguage]);

  useEffect(() => {
    if (oneKey !== undefined) setKeysOn(oneKey);
  }, [oneKey]);

  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);

  /* A new page starts at its title for those who hear it. */
  useEffect(() => {
    if (!moves) return;
    const main = document.getElementById("main");
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [path, moves]);

  if (phase === "boot") return late ? <p class="vh" role="status">{t.product}</p> : null;
  if (phase === "out") return <SignIn key={language} />;
  if (phase === "unreachable") return <Unreachable key={language} />;
  return <Shell key={language} path={path}>{page(path)}</Shell>;
}
