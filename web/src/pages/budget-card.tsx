/* SPDX-License-Identifier: Apache-2.0 */
/* A budget's bar with its marks, and the dialog that sets it and says what will happen to what runs. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { clearBudget, isAmbiguous, parseAmount, putBudget, percentOf } from "../budget";
import { cents, currencySign } from "../lib/money";
import { durationShort } from "../lib/time";
import { useAction } from "../lib/use";
import { t } from "../text";
import { Dialog, toast } from "../ui/layers";
import { ErrorBanner, FieldError } from "../ui/parts";

/* Used, then what the present pace would add. */
export function BudgetBar({ used, amount, expected, hard, currency }: {
  used: bigint;
  amount: bigint;
  expected: bigint;
  hard: boolean;
  currency: string;
}): JSX.Element {
  const part = (micro: bigint) => `${amount > 0n ? Math.max(0, Math.min(100, Number((micro * 1000n) / amount) / 10)) : 100}%`;
  const percent = percentOf(used, amount);
  const more = expected > used ? expected - used : 0n;
  const room = amount > used ? amount - used : 0n;
  return (
    <div class="budget">
      <div class="bar bar-l" role="img" aria-label={t.budget.bar(percent, cents(amount, currency))}>
        <i data-kind={percent >= 100 ? "danger" : percent >= 80 ? "warn" : undefined} style={{ width: part(used) }} />
        <i data-kind="ghost" style={{ width: part(more < room ? more : room) }} />
      </div>
      {[50, 80].map((p) => (
        <div class="budget-mark" data-p={p} key={p} style={{ left: `${p}%` }}>
          <span>{`${p} %`}</span>
        </div>
      ))}
      <div class="budget-mark end" style={{ left: "100%" }}>
        <span>{hard ? t.budget.stopMark(cents(amount, currency)) : t.budget.tellMark(cents(amount, currency))}</span>
      </div>
    </div>
  );
}

/* What an amount does to what runs: the same rule as the shim's, in words. */
export function effect(amount: bigint, used: bigint, burn: bigint, hard: boolean): string {
  if (!hard) return amount <= used ? t.budget.softReached : t.budget.soft;
  if (amount <= used) return burn > 0n ? t.budget.stopsNow : t.budget.startsNothing;
  if (burn <= 0n) return t.budget.whenUsed;
  const seconds = Number(((amount - used) * 3600n) / burn);
  return seconds > 31 * 86_400 ? t.budget.whenUsed : t.budget.lasts(durationShort(seconds));
}

export interface BudgetEdit {
  who: string | null; /* null: one's own */
  title: string;
  amount: string | null;
  hard: boolean;
  etag: string | null;
  used: bigint;
  burn: bigint;
  currency: string;
}

export function BudgetDialog({ edit, onClose, onDone }: { edit: BudgetEdit; onClose: () => void; onDone: () => void }): JSX.Element {
  const [text, setText] = useState(isAmbiguous(edit.amount ?? "") ? `${edit.amount}0` : (edit.amount ?? "")); /* its point is one */
  const [hard, setHard] = useState(edit.amount === null || edit.hard);
  const [wrong, setWrong] = useState<string | undefined>();
  const action = useAction();
  const parsed = parseAmount(text);
  const finish = (words: string) => {
    onClose();
    onDone();
    toast(words);
  };
  const save = async () => {
    if (!parsed) {
      setWrong(isAmbiguous(text) ? t.budget.ambiguous : t.budget.needAmount);
      document.getElementById("budget-amount")?.focus();
      return;
    }
    if (await action.run(() => putBudget(edit.who, parsed.text, hard, edit.etag))) finish(t.budget.saved(cents(parsed.micro, edit.currency)));
  };
  const clear = async () => {
    if (await action.run(() => clearBudget(edit.who, edit.etag))) finish(t.budget.removed);
  };
  return (
    <Dialog
      title={edit.title}
      onClose={onClose}
      onSubmit={save}
      foot={
        <>
          {edit.amount !== null && (
            <button class="btn budget-remove" data-kind="quiet" type="button" onClick={clear}>
              {t.budget.remove}
            </button>
          )}
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind="primary" type="submit" aria-busy={action.busy}>{t.save}</button>
        </>
      }
    >
      <div class="field">
        <label class="label" for="budget-amount">{t.budget.amount(currencySign(edit.currency))}</label>
        <input
          class="input budget-amount"
          id="budget-amount"
          inputMode="decimal"
          value={text}
          maxLength={20}
          autocomplete="off"
          autofocus
          aria-invalid={!!wrong}
          aria-describedby="budget-amount-h"
          onInput={(e) => {
            setText(e.currentTarget.value);
            setWrong(undefined);
          }}
        />
        {wrong ? <FieldError id="budget-amount-h" text={wrong} /> : <p class="hint" id="budget-amount-h">{t.budget.amountHint(cents(edit.used, edit.currency))}</p>}
      </div>
      <fieldset class="field">
        <legend class="label legend-gap">{t.budget.kind}</legend>
        <div class="stack">
          {([true, false] as const).map((h) => (
            <label class="choice" key={String(h)}>
              <input type="radio" name="budget-hard" checked={hard === h} onChange={() => setHard(h)} />
              <span class="choice-title">
                <span class="tick" />
                {h ? t.budget.hard : t.budget.alerts}
              </span>
              <span class="t3 small choice-line">{h ? t.budget.hardHint : t.budget.alertsHint}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <p class="t2" role="status">{parsed ? effect(parsed.micro, edit.used, edit.burn, hard) : " "}</p>
      <ErrorBanner error={action.error} />
    </Dialog>
  );
}
