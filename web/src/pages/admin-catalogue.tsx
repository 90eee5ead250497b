/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, catalogue: instance types, plans and the price of storage; a row is edited in the side panel. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Catalogue, type CatalogueType, type Draft, type Plan, draftOfPlan, draftOfStorage, draftOfType } from "../catalogue";
import { get, getAll } from "../lib/api";
import { size } from "../lib/size";
import { atMs, dayYear, durationSetting } from "../lib/time";
import { useLoad } from "../lib/use";
import { live } from "../live";
import type { InstanceType } from "../model";
import { t } from "../text";
import { tc } from "../text-catalogue";
import { Icon } from "../ui/icons";
import { toast } from "../ui/layers";
import { ErrorBanner, SkeletonRows, rateText } from "../ui/parts";
import { usePage } from "../ui/shell";
import { cpuText } from "../words";
import { CataloguePanel } from "./catalogue-panel";

/* What a draft was begun from decides which panel it is: another one starts anew. */
const keyOf = (d: Draft, turn: number): string => `${d.thing}:${d.id ?? "new"}:${turn}`;

function plansOf(c: Catalogue, x: CatalogueType): string {
  const names = c.plans.filter((p) => p.types.includes("*") || p.types.includes(x.id)).map((p) => p.name);
  return names.length === c.plans.length ? tc.everyone : names.join(", ") || tc.nobody;
}

function TypeRow({ c, x, at, onEdit }: { c: Catalogue; x: CatalogueType; at: boolean; onEdit: () => void }): JSX.Element {
  const next = x.next_prices[0];
  return (
    <tr aria-selected={at}>
      <td>
        <button class="name link" type="button" aria-label={tc.edit(x.name)} onClick={onEdit}>{x.name}</button>
        {x.preemptible && <span class="badge badge-inline">{tc.preemptible}</span>}
      </td>
      <td class="n t2 hide">{cpuText(x.cpu)}</td>
      <td class="n t2 hide">{size(x.memory_bytes)}</td>
      <td class="t2 hide">{x.gpu_count ? `${x.gpu_count} × ${x.gpu_class}` : "—"}</td>
      <td class="n num">{rateText(x.price_per_hour, c.currency)}</td>
      <td class={next ? "small nowrap wide warn-t" : "small nowrap hide t3"}>
        {next ? tc.planned(rateText(next.price_per_hour, c.currency), dayYear(atMs(next.from))) : "—"}
      </td>
      <td class="t2 hide">{plansOf(c, x)}</td>
    </tr>
  );
}

function PlanRow({ p, at, onEdit }: { p: Plan; at: boolean; onEdit: () => void }): JSX.Element {
  return (
    <tr aria-selected={at}>
      <td>
        <button class="name link" type="button" aria-label={tc.edit(p.name)} onClick={onEdit}>{p.name}</button>
        {p.default && <span class="badge badge-inline" data-kind="accent">{tc.isDefault}</span>}
      </td>
      <td class="n num">{p.sessions_max}</td>
      <td class="n t2 hide">{p.storage_bytes_max ? size(p.storage_bytes_max) : tc.noLimit}</td>
      <td class="n t2 hide">{p.session_max_seconds ? durationSetting(p.session_max_seconds) : tc.asSite}</td>
      <td class="n t2 hide">{p.free_seconds_per_month ? durationSetting(p.free_seconds_per_month) : "—"}</td>
      <td class="t2 hide">{p.types.includes("*") ? tc.allTypes : p.types.join(", ") || tc.nobody}</td>
    </tr>
  );
}

function Tables({ c, open, onEdit }: { c: Catalogue; open: Draft | null; onEdit: (d: Draft) => void }): JSX.Element {
  const at = (thing: string, id: string) => open?.thing === thing && open.id === id;
  const next = c.storage.next_prices[0];
  return (
    <div class="stack cat-tables">
      <section class="section">
        <div class="section-head"><h2>{tc.types}</h2></div>
        <div class="table-frame compact">
          <table class="table table-cards">
            <thead>
              <tr>
                <th>{tc.name}</th><th class="n">{tc.cpu}</th><th class="n">{tc.memory}</th><th>{tc.gpu}</th>
                <th class="n">{tc.perHour}</th><th>{tc.price}</th><th>{tc.planCol}</th>
              </tr>
            </thead>
            <tbody>
              {c.instance_types.map((x) => (
                <TypeRow key={x.id} c={c} x={x} at={at("instance_type", x.id)} onEdit={() => onEdit(draftOfType(c, x))} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section class="section">
        <div class="section-head">
          <h2>{tc.plans}</h2>
          <button class="btn btn-s push" type="button" onClick={() => onEdit(draftOfPlan(null))}>
            <Icon name="plus" size="s" />
            {tc.addPlan}
          </button>
        </div>
        <div class="table-frame compact">
          <table class="table table-cards">
            <thead>
              <tr>
                <th>{tc.name}</th><th class="n">{tc.sessions}</th><th class="n">{tc.disk}</th><th class="n">{tc.longest}</th>
                <th class="n">{tc.freeHours}</th><th>{tc.typesCol}</th>
              </tr>
            </thead>
            <tbody>
              {c.plans.map((p) => (
                <PlanRow key={p.id} p={p} at={at("plan", p.id)} onEdit={() => onEdit(draftOfPlan(p))} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      <section class="section">
        <div class="section-head"><h2>{tc.storage}</h2></div>
        <div class="card card-pad row row-wrap">
          <span class="num">{tc.storageLine(rateText(c.storage.price_per_gb_month, c.currency))}</span>
          {next && <span class="small warn-t num">{tc.planned(rateText(next.price_per_gb_month, c.currency), dayYear(atMs(next.from)))}</span>}
          <button class="btn btn-s push" type="button" aria-label={tc.edit(tc.storage)} onClick={() => onEdit(draftOfStorage(c))}>
            {tc.price}
          </button>
        </div>
      </section>
    </div>
  );
}

export function AdminCataloguePage(): JSX.Element {
  usePage([{ text: tc.admin }, { text: tc.title }]);
  const loaded = useLoad(() => get<Catalogue>("/admin/catalogue"), []);
  const [mine, setMine] = useState<Catalogue | null>(null);
  const [open, setOpen] = useState<Draft | null>(null);
  const [turn, setTurn] = useState(0);
  const c = mine ?? loaded.data;
  useEffect(() => setMine(null), [loaded.data]);
  const edit = (d: Draft | null) => {
    setOpen(d);
    setTurn((n) => n + 1);
  };
  /* What this browser offers elsewhere follows at once. */
  const follow = () => void getAll<InstanceType>("/instance-types").then((x) => live.set({ types: x.items }), () => {});
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{tc.title}</h1>
          <p class="sub-line">{tc.lead}</p>
        </div>
        <div class="actions">
          <button class="btn" data-kind="primary" type="button" disabled={!c} onClick={() => c && edit(draftOfType(c, null))}>
            <Icon name="plus" />
            {tc.addType}
          </button>
        </div>
      </div>
      <ErrorBanner error={loaded.error} onRetry={loaded.reload} title={tc.failed} />
      {!c && loaded.slow && !loaded.error && (
        <div class="card">
          <SkeletonRows rows={5} label={t.loading} />
        </div>
      )}
      {c && (
        <div class={open ? "grid cat-split" : undefined}>
          <Tables c={c} open={open} onEdit={edit} />
          {open && (
            <CataloguePanel
              key={keyOf(open, turn)}
              base={c}
              start={open}
              onBase={(theirs, keep) => {
                setMine(theirs);
                if (!keep) edit(null);
              }}
              onSaved={(a) => {
                setMine(a.catalogue);
                edit(null);
                follow();
                toast(tc.panel.saved);
              }}
              onClose={() => edit(null)}
            />
          )}
        </div>
      )}
    </>
  );
}
