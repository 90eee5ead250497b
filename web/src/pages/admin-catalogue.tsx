/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, catalogue: instance types, plans and the price of storage; a row is edited in the side panel. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Catalogue, type CatalogueType, type CatalogueUse, type Draft, type Plan, draftOfPlan, draftOfStorage, draftOfType } from "../catalogue";
import { get, getAll } from "../lib/api";
import { size } from "../lib/size";
import { atMs, dayYear, durationSetting } from "../lib/time";
import { useLoad } from "../lib/use";
import { live } from "../live";
import type { InstanceType } from "../model";
import { t } from "../text";
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
  return names.length === c.plans.length ? t.catalogue.everyone : names.join(", ") || t.catalogue.nobody;
}

function TypeRow({ c, x, use, at, onEdit }: { c: Catalogue; x: CatalogueType; use: CatalogueUse | null; at: boolean; onEdit: () => void }): JSX.Element {
  const next = x.next_prices[0];
  const now = use?.instance_types.find((u) => u.id === x.id);
  return (
    <tr aria-selected={at}>
      <td>
        <button class="name link" type="button" aria-label={t.catalogue.edit(x.name)} onClick={onEdit}>{x.name}</button>
        {x.preemptible && <span class="badge badge-inline">{t.catalogue.preemptible}</span>}
      </td>
      <td class="n t2 hide">{cpuText(x.cpu)}</td>
      <td class="n t2 hide">{size(x.memory_bytes)}</td>
      <td class="t2 hide">{x.gpu_count ? `${x.gpu_count} × ${x.gpu_class}` : "—"}</td>
      <td class="n num">{rateText(x.price_per_hour, c.currency)}</td>
      <td class={next ? "small nowrap wide warn-t" : "small nowrap hide t3"}>
        {next ? t.catalogue.planned(rateText(next.price_per_hour, c.currency), dayYear(atMs(next.from))) : "—"}
      </td>
      <td class="t2 hide">{plansOf(c, x)}</td>
      <td class="t2 small nowrap hide">{now ? t.catalogue.typeUse(now.workspaces, now.sessions) : ""}</td>
    </tr>
  );
}

function PlanRow({ p, use, at, onEdit }: { p: Plan; use: CatalogueUse | null; at: boolean; onEdit: () => void }): JSX.Element {
  const now = use?.plans.find((u) => u.id === p.id);
  return (
    <tr aria-selected={at}>
      <td>
        <button class="name link" type="button" aria-label={t.catalogue.edit(p.name)} onClick={onEdit}>{p.name}</button>
        {p.default && <span class="badge badge-inline" data-kind="accent">{t.catalogue.isDefault}</span>}
      </td>
      <td class="n num">{p.sessions_max}</td>
      <td class="n t2 hide">{p.storage_bytes_max ? size(p.storage_bytes_max) : t.catalogue.noLimit}</td>
      <td class="n t2 hide">{p.session_max_seconds ? durationSetting(p.session_max_seconds) : t.catalogue.asSite}</td>
      <td class="n t2 hide">{p.free_seconds_per_month ? durationSetting(p.free_seconds_per_month) : "—"}</td>
      <td class="t2 hide">{p.types.includes("*") ? t.catalogue.allTypes : p.types.join(", ") || t.catalogue.nobody}</td>
      <td class="t2 small nowrap hide">{now ? t.catalogue.planUse(now.accounts, now.sessions) : ""}</td>
    </tr>
  );
}

/* What nobody can start any more and somebody has still. */
function Gone({ things }: { things: { id: string; name: string; offered: boolean; workspaces: number; sessions: number }[] }): JSX.Element | null {
  const gone = things.filter((x) => !x.offered);
  return gone.length ? <p class="small t2">{t.catalogue.gone(gone.map((x) => `${x.name} (${t.catalogue.typeUse(x.workspaces, x.sessions)})`).join(", "))}</p> : null;
}

function Tables({ c, use, open, onEdit }: { c: Catalogue; use: CatalogueUse | null; open: Draft | null; onEdit: (d: Draft) => void }): JSX.Element {
  const at = (thing: string, id: string) => open?.thing === thing && open.id === id;
  const next = c.storage.next_prices[0];
  return (
    <div class="stack cat-tables">
      <section class="section">
        <div class="section-head"><h2>{t.catalogue.types}</h2></div>
        <div class="table-frame compact">
          <table class="table table-cards">
            <thead>
              <tr>
                <th>{t.catalogue.name}</th><th class="n">{t.catalogue.cpu}</th><th class="n">{t.catalogue.memory}</th><th>{t.catalogue.gpu}</th>
                <th class="n">{t.catalogue.perHour}</th><th>{t.catalogue.price}</th><th>{t.catalogue.planCol}</th><th>{t.catalogue.inUse}</th>
              </tr>
            </thead>
            <tbody>
              {c.instance_types.map((x) => (
                <TypeRow key={x.id} c={c} x={x} use={use} at={at("instance_type", x.id)} onEdit={() => onEdit(draftOfType(c, x))} />
              ))}
            </tbody>
          </table>
        </div>
        <Gone things={use?.instance_types ?? []} />
      </section>
      <section class="section">
        <div class="section-head">
          <h2>{t.catalogue.plans}</h2>
          <button class="btn btn-s push" type="button" onClick={() => onEdit(draftOfPlan(null))}>
            <Icon name="plus" size="s" />
            {t.catalogue.addPlan}
          </button>
        </div>
        <div class="table-frame compact">
          <table class="table table-cards">
            <thead>
              <tr>
                <th>{t.catalogue.name}</th><th class="n">{t.catalogue.sessions}</th><th class="n">{t.catalogue.disk}</th><th class="n">{t.catalogue.longest}</th>
                <th class="n">{t.catalogue.freeHours}</th><th>{t.catalogue.typesCol}</th><th>{t.catalogue.inUse}</th>
              </tr>
            </thead>
            <tbody>
              {c.plans.map((p) => (
                <PlanRow key={p.id} p={p} use={use} at={at("plan", p.id)} onEdit={() => onEdit(draftOfPlan(p))} />
              ))}
            </tbody>
          </table>
        </div>
        <Gone things={use?.plans ?? []} />
      </section>
      <section class="section">
        <div class="section-head"><h2>{t.catalogue.storage}</h2></div>
        <div class="card card-pad row row-wrap">
          <span class="num">{t.catalogue.storageLine(rateText(c.storage.price_per_gb_month, c.currency))}</span>
          {use && <span class="small t2">{t.catalogue.storageUse(use.storage.workspaces, use.storage.accounts)}</span>}
          {next && <span class="small warn-t num">{t.catalogue.planned(rateText(next.price_per_gb_month, c.currency), dayYear(atMs(next.from)))}</span>}
          <button class="btn btn-s push" type="button" aria-label={`${t.catalogue.price}, ${t.catalogue.storage}`} onClick={() => onEdit(draftOfStorage(c))}>
            {t.catalogue.price}
          </button>
        </div>
      </section>
    </div>
  );
}

export function AdminCataloguePage(): JSX.Element {
  usePage([{ text: t.catalogue.admin }, { text: t.catalogue.title }]);
  const loaded = useLoad(() => get<Catalogue>("/admin/catalogue"), []);
  const use = useLoad(() => get<CatalogueUse>("/admin/catalogue/use"), []);
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
          <h1>{t.catalogue.title}</h1>
          <p class="sub-line">{t.catalogue.lead}</p>
        </div>
        <div class="actions">
          <button class="btn" data-kind="primary" type="button" disabled={!c} onClick={() => c && edit(draftOfType(c, null))}>
            <Icon name="plus" />
            {t.catalogue.addType}
          </button>
        </div>
      </div>
      <ErrorBanner error={loaded.error} onRetry={loaded.reload} title={t.catalogue.failed} />
      {!c && loaded.slow && !loaded.error && (
        <div class="card">
          <SkeletonRows rows={5} label={t.loading} />
        </div>
      )}
      {c && (
        <div class={open ? "grid cat-split" : undefined}>
          <Tables c={c} use={use.data} open={open} onEdit={edit} />
          {open && (
            <CataloguePanel
              key={keyOf(open, turn)}
              base={c}
              use={use.data}
              start={open}
              onBase={(theirs, keep) => {
                setMine(theirs);
                if (!keep) edit(null);
              }}
              onSaved={(a) => {
                setMine(a.catalogue);
                edit(null);
                use.reload();
                follow();
                toast(t.catalogue.panel.saved);
              }}
              onClose={() => edit(null)}
            />
          )}
        </div>
      )}
    </>
  );
}
