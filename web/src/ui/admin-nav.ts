/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of the administration, in the order of the navigation. What stands at each is in app.tsx. */
import { t } from "../text";
import type { IconName } from "./icons";

export interface AdminItem {
  path: string; /* under /admin/ */
  icon: IconName;
  text: () => string;
}

export const ADMIN: AdminItem[] = [
  { path: "sessions", icon: "gauge", text: () => t.adminSessions.sessions },
  { path: "accounts", icon: "users", text: () => t.nav.accounts },
  { path: "catalogue", icon: "box", text: () => t.nav.catalogue },
  { path: "usage", icon: "chart", text: () => t.nav.usage },
  { path: "budgets", icon: "coin", text: () => t.adminMoney.budgets },
  { path: "audit", icon: "shield", text: () => t.audit.title },
  { path: "health", icon: "checkc", text: () => t.health.title },
  { path: "capacity", icon: "queue", text: () => t.capacity.title },
];
