/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of everybody. */
import type { adminSessions as en } from "../en/adminSessions";
import { plural } from "../plural";

const n = plural("de");

export const adminSessions: typeof en = {
  adminSessions: {
    title: "Verwaltung",
    sessions: "Sitzungen",
    sub: (all, used, idle, rate) =>
      [n(all, "Eine Sitzung aus allen Konten.", "# Sitzungen aus allen Konten."), `${used} in Benutzung, ${idle} untätig.`, rate && `${rate} pro Stunde.`].filter(Boolean).join(" "),
    failed: "Die Sitzungen kamen nicht.",
    filter: "Sitzungen filtern",
    filterHint: "Konto, Workspace",
    verdict: "Urteil",
    which: { all: "Alle", idle: "Untätig", long: "Länger als 12 h", lost: "Verloren" },
    workspace: "Workspace",
    whyCol: "Warum sie noch läuft",
    up: "Läuft seit",
    stops: "Stoppt",
    why: "Warum läuft sie noch?",
    of: (who) => `von ${who}`,
    cost: "Kosten dieser Sitzung",
    email: "Besitzer",
    session: "Sitzung",
    stopTitle: (name, who) => `${name} von ${who} stoppen?`,
    stopBody: "Was in Zellen und Terminals läuft, endet. Die Dateien sind sicher.",
    reason: "Grund",
    reasonHint: "Der Besitzer liest ihn, bei der Sitzung und als Hinweis.",
    stopped: (name) => `${name} stoppt; der Besitzer erfährt, warum.`,
    none: "Nichts läuft",
    noneBody: "Sitzungen aller Konten erscheinen hier, solange sie laufen.",
    noHit: "Keine Sitzung passt",
  },
};
