/* SPDX-License-Identifier: Apache-2.0 */
/* The budget among the figures of the usage page: bar, marks, and what happens at its end. */
import type { JSX } from "preact";
import type { Balance } from "../budget";
import { cents, parseMicro, whole } from "../lib/money";
import { t } from "../text";
import { momentText } from "../ui/estimate";
import { BudgetBar } from "./budget-card";

export function BudgetFigure({ balance, used, expected, onChange }: {
  balance: Balance | null;
  used: bigint;
  expected: bigint;
  onChange: () => void;
}): JSX.Element {
  const b = balance?.budget ?? null;
  const amount = b ? (parseMicro(b.amount) ?? 0n) : 0n;
  const left = amount > used ? amount - used : 0n;
  const currency = balance?.currency ?? "USD";
  const words = () => {
    if (!b) return t.budget.noneBody;
    if (used >= amount) return b.hard ? t.budget.used(whole(amount, currency)) : t.budget.usedSoft(whole(amount, currency));
    return b.hard ? t.budget.leftHard(cents(left, currency), cents(amount, currency)) : t.budget.leftSoft(cents(left, currency));
  };
  return (
    <div class="fig-b">
      <p class="row">
        <span class="eyebrow">{t.budget.title}</span>
        {balance && !b?.by_admin && (
          <button class="link push small" type="button" onClick={onChange}>
            {b ? t.budget.change : t.budget.set}
          </button>
        )}
      </p>
      {b ? (
        <div class="fig-bar">
          <BudgetBar used={used} amount={amount} expected={expected} hard={b.hard} currency={currency} />
        </div>
      ) : (
        <p class="strong fig-none">{t.budget.none}</p>
      )}
      <p class="t3 small num" data-over={b && used >= amount ? "true" : undefined}>
        {words()} {b?.by_admin ? t.budget.lockedBy : ""}
        {balance?.ends_by === "site" && balance.ends_at ? ` ${t.budget.siteEnds(momentText(balance.ends_at))}` : ""}
      </p>
    </div>
  );
}
