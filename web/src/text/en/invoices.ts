/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices. */
import { plural } from "../plural";

const n = plural("en");

export const invoices = {
  invoice: {
    title: "Invoice",
    list: "Invoices",
    sub: "One for each month that is closed; nothing on them is ever changed.",
    none: "No invoice yet",
    noneBody: "A month that is over becomes an invoice when an administrator closes it.",
    failed: "The invoices did not load.",
    oneFailed: "The invoice did not load.",
    for: "For",
    period: "Period",
    closed: "Closed",
    lines: "Lines",
    usage: "Usage",
    credit: "Credit",
    creditUsed: "Credit that was used",
    due: "Due",
    what: "Workspace and session",
    workspace: "Workspace",
    storage: "storage",
    corrections: "Corrections",
    free: "free time",
    quantity: "Time or size",
    rate: "Rate",
    amount: "Amount",
    sum: (count: number) => n(count, "One line", "Sum of # lines"),
    rounding: "Every line is rounded once, half to even, to a millionth.",
    json: "JSON",
    print: "Print or save as PDF",
  },
};
