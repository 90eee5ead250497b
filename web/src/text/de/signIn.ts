/* SPDX-License-Identifier: Apache-2.0 */
/* The page on which one signs in. */
import type { signIn as en } from "../en/signIn";

export const signIn: typeof en = {
  signIn: {
    title: "Anmelden",
    email: "E-Mail",
    password: "Passwort",
    code: "Einmalcode",
    codeHint: "Acht Buchstaben und Ziffern, 15 Minuten lang und für eine Anmeldung gültig.",
    button: "Anmelden",
    busy: "Meldet an",
    toCode: "Zum ersten Mal auf dieser Maschine? Nehmen Sie den Einmalcode, den make run ausgab:",
    toCodeLink: "Code eingeben",
    toPassword: "Hat Ihr Konto ein Passwort?",
    toPasswordLink: "Mit E-Mail und Passwort",
    codeWhere: "Er steht in der letzten Zeile von make run. Jedes make run macht einen neuen, ebenso:",
    codeCommand: "carrel admin sign-in-code",
    needCode: "Geben Sie den Code ein, den make run ausgab.",
    needEmail: "Geben Sie Ihre E-Mail-Adresse ein.",
    needPassword: "Geben Sie Ihr Passwort ein.",
    badPassword: "E-Mail oder Passwort stimmt nicht.",
    badCode: "Dieser Code stimmt nicht, wurde schon benutzt oder ist älter als 15 Minuten. Machen Sie einen neuen.",
    tooMany: (s) => `Zu viele Versuche. Warten Sie ${s}, dann geht es wieder.`,
    ended: "Ihre Anmeldung ist abgelaufen oder wurde anderswo beendet. Melden Sie sich an, um weiterzumachen, wo Sie waren.",
    art: ["Ein eigener Schreibtisch.", "Wenn Sie gehen, geht die Lampe aus."],
  },
};
