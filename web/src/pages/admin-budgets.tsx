/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: the budgets of the site and of its people. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Budget, percentOf } from "../budget";
import { getAll } from "../lib/api";
import { count } from "../lib/locale";
import { cents, parseMicro } from "../lib/money";
import { useStore } from "../lib/store";
import { useLoad } from "../lib/use";
import { freshBalance, live } from "../live";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Dialog } from "../ui/layers";
import { Bar, Empty, ErrorBanner, SkeletonRows } from "../ui/parts";
import { momentText } from "../ui/estimate";
import { usePage } from "../ui/shell";
import { BudgetDialog, type BudgetEdit } from "./budget-card";

interface Person {
  id: string;
  email: string;
  name: string;
}

const nameOf = (b: Budget) => b.email ?? t.adminMoney.site;

function editOf(b: Budget): BudgetEdit {
  return {
    who: b.account_id ?? "site", title: t.budget.dialogOf(b.email ?? t.budget.site), amount: b.amount, hard: b.hard, etag: b.etag,
    used: parseMicro(b.used) ?? 0n, burn: parseMicro(b.burn_per_hour) ?? 0n, currency: b.currency,
  };
}

export function AdminBudgetsPage(): JSX.Element {
  usePage([{ text: t.nav.administration }, { text: t.adminMoney.budgets }]);
  const me = useStore(live, (s) => s.me)!;
  const list = useLoad(() => getAll<Budget>("/admin/budgets"), []);
  const [edit, setEdit] = useState<BudgetEdit | null>(null);
  const [adding, setAdding] = useState(false);
  const rows = list.data?.items ?? [];
  const fresh = (who: string, title: string): BudgetEdit => ({ who, title: t.budget.dialogOf(title), amount: null, hard: true, etag: null, used: 0n, burn: 0n, currency: me.currency });
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.adminMoney.budgets}</h1>
          <p class="sub-line">{t.adminMoney.budgetsSub}</p>
        </div>
        <div class="actions">
          <button class="btn" data-kind="primary" type="button" onClick={() => setAdding(true)}>
            <Icon name="plus" />
            {t.adminMoney.add}
          </button>
        </div>
      </div>
      <ErrorBanner error={list.error} onRetry={list.reload} title={t.adminMoney.budgetsFailed} />
      {!list.data && list.slow && !list.error && (
        <div class="card">
          <SkeletonRows rows={4} label={t.loading} />
        </div>
      )}
      {list.data && !rows.length && (
        <div class="card">
          <Empty art="usage" title={t.adminMoney.none} body={t.adminMoney.noneBody} />
        </div>
      )}
      {rows.length > 0 && (
        <div class="table-frame">
          <table class="table table-cards">
            <thead>
              <tr>
                <th scope="col">{t.adminMoney.whose}</th>
                <th scope="col" class="n">{t.adminMoney.budget}</th>
                <th scope="col" class="n hide">{t.adminMoney.used}</th>
                <th scope="col" class="hide">{t.adminMoney.share}</th>
                <th scope="col" class="n hide">{t.adminMoney.left}</th>
                <th scope="col">{t.adminMoney.kind}</th>
                <th scope="col">
                  <span class="vh">{t.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((b) => {
                const used = parseMicro(b.used) ?? 0n;
                const amount = parseMicro(b.amount) ?? 0n;
                const percent = percentOf(used, amount);
                return (
                  <tr key={b.account_id}>
                    <td class="wide strong">{nameOf(b)}</td>
                    <td class="n">
                      <span class="only-phone t3">{`${t.adminMoney.usedOf(cents(used, b.currency))}\u00a0`}</span>
                      {cents(amount, b.currency)}
                    </td>
                    <td class="n t2 hide">{cents(used, b.currency)}</td>
                    <td class="hide share">
                      <Bar part={percent / 100} kind={percent >= 100 ? "danger" : percent >= 80 ? "warn" : undefined} label={t.budget.bar(percent, cents(amount, b.currency))} />
                    </td>
                    <td class="n hide">{cents(amount - used, b.currency)}</td>
                    <td class="t2">
                      {b.hard ? t.adminMoney.stops : t.adminMoney.tells}
                      {b.until && <span class="t3 small block">{t.adminMoney.until(momentText(b.until))}</span>}
                    </td>
                    <td class="n">
                      <button class="btn btn-s" type="button" aria-label={t.adminMoney.edit(nameOf(b))} onClick={() => setEdit(editOf(b))}>
                        {t.budget.change}
                      </button>
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {adding && (
        <WhoDialog
          taken={rows.map((b) => b.account_id ?? "site")}
          onClose={() => setAdding(false)}
          onPick={(who, title) => {
            setAdding(false);
            setEdit(fresh(who, title));
          }}
        />
      )}
      {edit && (
        <BudgetDialog
          edit={edit}
          onClose={() => setEdit(null)}
          onDone={() => {
            list.reload();
            void freshBalance();
          }}
        />
      )}
    </>
  );
}

function WhoDialog({ taken, onClose, onPick }: { taken: string[]; onClose: () => void; onPick: (who: string, title: string) => void }): JSX.Element {
  const people = useLoad(() => getAll<Person>("/admin/accounts?limit=1000"), []);
  const options = [{ id: "site", title: t.budget.site, text: t.adminMoney.site }, ...(people.data?.items ?? []).map((p) => ({ id: p.id, title: p.email, text: p.name && p.name !== p.email ? `${p.name}, ${p.email}` : p.email }))].filter(
    (o) => !taken.includes(o.id),
  );
  const [who, setWho] = useState("");
  const chosen = options.find((o) => o.id === who) ?? options[0];
  return (
    <Dialog
      title={t.adminMoney.add}
      onClose={onClose}
      onSubmit={() => chosen && onPick(chosen.id, chosen.title)}
      foot={
        <>
          <button class="btn" type="button" onClick={onClose}>{t.cancel}</button>
          <button class="btn" data-kind="primary" type="submit" disabled={!chosen}>{t.adminMoney.next}</button>
        </>
      }
    >
      <div class="field">
        <label class="label" for="budget-who">{t.adminMoney.addFor}</label>
        <select class="select" id="budget-who" aria-describedby={people.data?.more ? "budget-who-h" : undefined} value={chosen?.id ?? ""} onChange={(e) => setWho(e.currentTarget.value)}>
          {options.map((o) => (
            <option key={o.id} value={o.id}>{o.text}</option>
          ))}
        </select>
        {people.data?.more && <p class="hint" id="budget-who-h">{t.onlyFirst(count(people.data.items.length))}</p>}
      </div>
      <ErrorBanner error={people.error} />
    </Dialog>
  );
}
