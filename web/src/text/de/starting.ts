/* SPDX-License-Identifier: Apache-2.0 */
/* A session that starts. */
import type { starting as en } from "../en/starting";

export const starting: typeof en = {
  starting: {
    crumb: "Start",
    seconds: "s",
    title: "Startet",
    docTitle: (name) => `${name} startet`,
    readyTitle: (name) => `Bereit: ${name}`,
    queuedTitle: "In der Warteschlange",
    runningTitle: "Es läuft",
    opening: "Öffnet",
    stoppingTitle: "Stoppt",
    stoppedTitle: "Es wurde gestoppt",
    failedTitle: "Es startete nicht",
    endedTitle: "Es ist zu Ende",
    on: (name, type, rate) => `${name}, auf ${type} zu ${rate} pro Stunde`,
    onFree: (name, type) => `${name}, auf ${type}, kostenlos`,
    usually: (s) => `sonst ${s} s`,
    toGo: (s) => `noch etwa ${s} s`,
    slow: (phase) => `${phase} braucht mehr als doppelt so lang wie sonst. Es geht weiter; das Protokoll steht unten.`,
    foot: "Abgerechnet wird ab dem Start des Containers. Sie können diese Seite schließen; die Sitzung startet auch ohne sie.",
    runningFoot: "Die Sitzung läuft und wird abgerechnet. Sie öffnet sich in einem eigenen Tab.",
    nothingCharged: "Nichts wurde berechnet. Ihre Dateien sind unverändert.",
    charged: (cost) => `${cost} wurden für die gelaufene Zeit berechnet. Ihre Dateien sind unverändert.`,
    log: "Die letzten Zeilen des Protokolls",
    copyLog: "Protokoll kopieren",
    otherType: "Maschine wechseln",
    noSession: "Es läuft nicht",
    noSessionBody: "Starten Sie es, und es öffnet sich von selbst.",
    toWorkspace: "Zum Workspace",
  },
};
