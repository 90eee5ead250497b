/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices. */
import type { invoices as en } from "../en/invoices";
import { plural } from "../plural";

const n = plural("de");

export const invoices: typeof en = {
  invoice: {
    title: "Rechnung",
    list: "Rechnungen",
    sub: "Eine für jeden abgeschlossenen Monat; nichts darauf wird je geändert.",
    none: "Noch keine Rechnung",
    noneBody: "Ein vergangener Monat wird zur Rechnung, wenn die Verwaltung ihn abschließt.",
    failed: "Die Rechnungen kamen nicht.",
    oneFailed: "Die Rechnung kam nicht.",
    for: "Für",
    period: "Zeitraum",
    closed: "Abgeschlossen",
    lines: "Zeilen",
    usage: "Verbrauch",
    credit: "Guthaben",
    creditUsed: "Verbrauchtes Guthaben",
    due: "Zu zahlen",
    what: "Workspace und Sitzung",
    workspace: "Workspace",
    storage: "Speicherplatz",
    corrections: "Korrekturen",
    free: "freie Zeit",
    quantity: "Zeit oder Größe",
    rate: "Preis",
    amount: "Betrag",
    sum: (count) => n(count, "Eine Zeile", "Summe von # Zeilen"),
    rounding: "Jede Zeile ist einmal gerundet, zur geraden Ziffer, auf ein Millionstel.",
    json: "JSON",
    print: "Drucken oder als PDF sichern",
  },
};
