/* SPDX-License-Identifier: Apache-2.0 */
/* How German writes numbers, money and times. */
import type { Forms } from "../../lib/locale";

export const forms: Forms = {
  tag: "de",
  months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"],
  monthsShort: ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."],
  days: ["Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"],
  now: "jetzt",
  yesterday: "gestern",
  minutesAgo: (count) => `vor ${count} min`,
  day: (date, month) => `${date}. ${month}`,
  dayYear: (date, month, year) => `${date}. ${month} ${year}`,
  dayShortYear: (date, month, year) => `${date}. ${month} ${year}`,
  dayLong: (weekday, date, month) => `${weekday}, ${date}. ${month}`,
  decimal: ",",
  partOf: (used, total) => `${used} von ${total}`,
  money: (sign, amount) => ["", amount, `\u00a0${sign.trim()}`],
};
