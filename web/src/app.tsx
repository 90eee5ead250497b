/* SPDX-License-Identifier: Apache-2.0 */
/* Which page stands at an address, and what is shown while that is not known yet. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { setTheme, isTheme } from "./lib/theme";
import { usePlace } from "./lib/router";
import { useStore } from "./lib/store";
import { live } from "./live";
import { AccountPage } from "./pages/account";
import { AdminBudgetsPage } from "./pages/admin-budgets";
import { AdminUsagePage } from "./pages/admin-usage";
import { AdminSessionsPage } from "./pages/admin-sessions";
import { CapacityPage } from "./pages/admin-capacity";
import { AdminAccountsPage } from "./pages/admin-accounts";
import { AdminCataloguePage } from "./pages/admin-catalogue";
import { CreatePage } from "./pages/create";
import { NotFound, Unreachable } from "./pages/errors";
import { InvoicePage, InvoicesPage } from "./pages/invoices";
import { ListPage } from "./pages/list";
import { OpenPage } from "./pages/open";
import { SignIn } from "./pages/sign-in";
import { StartingPage } from "./pages/starting";
import { TokensPage } from "./pages/tokens";
import { UsagePage } from "./pages/usage";
import { WorkspacePage } from "./pages/workspace";
import { Shell } from "./ui/shell";

const TABS = ["sessions", "logs", "settings"];

/* By the paths of ui/admin-nav.ts. */
function adminPage(name: string): JSX.Element {
  switch (name) {
    case "sessions":
      return <AdminSessionsPage />;
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
  if (parts.length === 0 || (first === "workspaces" && parts.length === 1)) return <ListPage />;
  if (parts.length === 1) {
    if (first === "usage") return <UsagePage />;
    if (first === "invoices") return <InvoicesPage />;
    if (first === "tokens") return <TokensPage />;
    if (first === "account") return <AccountPage />;
    if (first === "sign-in") return <ListPage />;
  }
  if (first === "invoices" && second && parts.length === 2) return <InvoicePage key={second} id={second} />;
  if (first === "admin" && second && parts.length === 2) return adminPage(second);
  if (first === "open" && second && parts.length === 2) return <OpenPage key={second} label={second} />;
  if (first === "workspaces" && second === "new" && parts.length === 2) return <CreatePage />;
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
  const { path, moves } = usePlace();
  const [late, setLate] = useState(false);

  /* The account's theme wins over what this browser kept, once per sign-in. */
  useEffect(() => {
    if (isTheme(mine)) setTheme(mine);
  }, [mine]);

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

  if (phase === "boot") return late ? <p class="vh" role="status">{"Carrel"}</p> : null;
  if (phase === "out") return <SignIn />;
  if (phase === "unreachable") return <Unreachable />;
  return <Shell path={path}>{page(path)}</Shell>;
}
