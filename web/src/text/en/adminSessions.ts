/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of everybody. */
import { plural } from "../plural";

const n = plural("en");

export const adminSessions = {
  adminSessions: {
    title: "Administration",
    sessions: "Sessions",
    sub: (all: number, used: number, idle: number, rate: string) =>
      [n(all, "One session of all accounts.", "# sessions of all accounts."), `${used} in use, ${idle} idle.`, rate && `${rate} per hour.`].filter(Boolean).join(" "),
    failed: "The sessions did not load.",
    filter: "Filter sessions",
    filterHint: "Account, workspace",
    verdict: "Verdict",
    which: { all: "All", idle: "Idle", long: "Longer than 12 h", lost: "Lost" },
    workspace: "Workspace",
    whyCol: "Why it still runs",
    up: "Up for",
    stops: "Stops",
    why: "Why is this still running?",
    of: (who: string) => `of ${who}`,
    cost: "Cost of this session",
    email: "Owner",
    session: "Session",
    stopTitle: (name: string, who: string) => `Stop ${name} of ${who}?`,
    stopBody: "What runs in its cells and terminals ends. Files are safe.",
    reason: "Reason",
    reasonHint: "The owner reads it, with the session and as a notice.",
    stopped: (name: string) => `${name} stops; its owner is told why.`,
    none: "Nothing runs",
    noneBody: "Sessions of all accounts appear here while they run.",
    noHit: "No session matches",
  },
};
