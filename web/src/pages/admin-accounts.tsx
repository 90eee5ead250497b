/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, accounts: who there is, with plan and use. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Plan } from "../catalogue";
import { call, getAll } from "../lib/api";
import { size } from "../lib/size";
import { atMs, day } from "../lib/time";
import { useAction, useLoad } from "../lib/use";
import { t } from "../text";
import { tc } from "../text-catalogue";
import { toast } from "../ui/layers";
import { ErrorBanner, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";

interface Account {
  id: string;
  email: string;
  name: string;
  admin: boolean;
  created_at: string;
  plan: string;
  plan_name: string;
  by_default: boolean;
  sessions: number;
  storage_bytes: number;
  over: string[];
}

const w = tc.accounts;

function Row({ a, plans, onChange }: { a: Account; plans: Plan[]; onChange: (a: Account) => void }): JSX.Element {
  const action = useAction();
  const usual = plans.find((p) => p.default);
  const choose = (plan: string) =>
    void action.run(async () => {
      const { data } = await call<Account>("PATCH", `/admin/accounts/${a.id}`, { body: { plan } });
      onChange(data);
      toast(w.changed(data.email, data.plan_name));
    });
  return (
    <tr>
      <td>
        <span class="strong">{a.email}</span>
        {a.admin && <span class="badge badge-inline">{w.admin}</span>}
        {a.over.map((x) => (
          <span class="small warn-t acc-over" key={x}>{x}</span>
        ))}
        <ErrorBanner error={action.error} />
      </td>
      <td>
        <select class="select acc-plan" aria-label={w.planOf(a.email)} value={a.by_default ? "" : a.plan} disabled={action.busy} onChange={(e) => choose(e.currentTarget.value)}>
          <option value="">{w.byDefault(usual?.name ?? "")}</option>
          {plans.map((p) => (
            <option value={p.id} key={p.id}>{p.name}</option>
          ))}
          {!a.by_default && !plans.some((p) => p.id === a.plan) && <option value={a.plan}>{a.plan_name}</option>}
        </select>
      </td>
      <td class="n num hide">{a.sessions}</td>
      <td class="n num hide">{size(a.storage_bytes)}</td>
      <td class="t2 small nowrap hide">{day(atMs(a.created_at))}</td>
    </tr>
  );
}

export function AdminAccountsPage(): JSX.Element {
  usePage([{ text: tc.admin }, { text: w.title }]);
  const loaded = useLoad(async () => {
    const [accounts, plans] = await Promise.all([getAll<Account>("/admin/accounts"), getAll<Plan>("/plans")]);
    return { accounts: accounts.items, plans: plans.items };
  }, []);
  const [changed, setChanged] = useState<Record<string, Account>>({});
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{w.title}</h1>
          <p class="sub-line">{w.lead}</p>
        </div>
      </div>
      <ErrorBanner error={loaded.error} onRetry={loaded.reload} title={w.failed} />
      {!loaded.data && loaded.slow && !loaded.error && (
        <div class="card">
          <SkeletonRows rows={5} label={t.loading} />
        </div>
      )}
      {loaded.data && (
        <div class="table-frame">
          <table class="table table-cards acc-table">
            <thead>
              <tr>
                <th>{w.account}</th><th>{w.plan}</th><th class="n">{w.sessions}</th><th class="n">{w.storage}</th><th>{w.since}</th>
              </tr>
            </thead>
            <tbody>
              {loaded.data.accounts.map((a) => (
                <Row key={a.id} a={changed[a.id] ?? a} plans={loaded.data!.plans} onChange={(x) => setChanged((c) => ({ ...c, [x.id]: x }))} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
