/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, accounts: who there is, with plan and use. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Plan } from "../catalogue";
import { call, getAll } from "../lib/api";
import { useKeys } from "../lib/keys";
import { count } from "../lib/locale";
import { setQuery, usePlace } from "../lib/router";
import { size } from "../lib/size";
import { atMs, day } from "../lib/time";
import { useAction, useLoad } from "../lib/use";
import { t } from "../text";
import { toast } from "../ui/layers";
import { ListFilter, ListState } from "../ui/list-state";
import { LongTable } from "../ui/long-table";
import { usePages } from "../ui/pages-of";
import { ErrorBanner } from "../ui/parts";
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

function Row({ a, index, plans, onChange }: { a: Account; index: number; plans: Plan[]; onChange: (a: Account) => void }): JSX.Element {
  const action = useAction();
  const usual = plans.find((p) => p.default);
  const choose = (plan: string) =>
    void action.run(async () => {
      const { data } = await call<Account>("PATCH", `/admin/accounts/${a.id}`, { body: { plan } });
      onChange(data);
      toast(t.catalogue.accounts.changed(data.email, data.plan_name));
    });
  return (
    <tr data-row={index} aria-rowindex={index + 2}>
      <td>
        <span class="strong">{a.email}</span>
        {a.admin && <span class="badge badge-inline">{t.catalogue.accounts.admin}</span>}
        {a.over.map((x) => (
          <span class="small warn-t acc-over" key={x}>{x}</span>
        ))}
        <ErrorBanner error={action.error} />
      </td>
      <td>
        <select class="select acc-plan" aria-label={t.catalogue.accounts.planOf(a.email)} value={a.by_default ? "" : a.plan} disabled={action.busy} onChange={(e) => choose(e.currentTarget.value)}>
          <option value="">{t.catalogue.accounts.byDefault(usual?.name ?? "")}</option>
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
  usePage([{ text: t.catalogue.admin }, { text: t.catalogue.accounts.title }]);
  const { query } = usePlace();
  const q = new URLSearchParams(query).get("q") ?? "";
  const plans = useLoad(() => getAll<Plan>("/plans").then((p) => p.items), []);
  const list = usePages<Account>(`/admin/accounts${q ? `?q=${encodeURIComponent(q)}` : ""}`);
  const [changed, setChanged] = useState<Record<string, Account>>({});
  const input = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => input.current?.focus() });
  const a = t.catalogue.accounts;
  const rows = list.rows ?? [];
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{a.title}</h1>
          <p class="sub-line">{a.lead}</p>
        </div>
      </div>
      <ListFilter input={input} value={q} hint={a.filterHint} label={a.filter} onChange={(v) => setQuery({ q: v })} />
      <ListState
        there={!!list.rows && !!plans.data} count={rows.length} filtered={!!q} slow={list.slow} error={list.error ?? plans.error} failed={a.failed}
        retry={() => {
          plans.reload();
          list.reload();
        }}
        clear={() => setQuery({ q: null })} none={a.none} noneBody="" noHit={t.palette.none(q)} noHitBody={a.noHitBody}
      >
        <LongTable
          rows={rows} total={list.total} cls="acc-table" cols={5} label={a.title} onEnd={list.more} faded={!!list.error}
          head={
            <>
              <th scope="col">{a.account}</th><th scope="col">{a.plan}</th><th scope="col" class="n">{a.sessions}</th><th scope="col" class="n">{a.storage}</th><th scope="col">{a.since}</th>
            </>
          }
          row={(x, i) => <Row key={x.id} index={i} a={changed[x.id] ?? x} plans={plans.data ?? []} onChange={(y) => setChanged((c) => ({ ...c, [y.id]: y }))} />}
          plainFoot={t.list.foot(count(rows.length), count(list.total ?? rows.length))}
        />
      </ListState>
    </>
  );
}
