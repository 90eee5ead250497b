/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, audit: who did what to what, when and from where. Only ever added to. */
import { Fragment, type JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { useKeys } from "../lib/keys";
import { count } from "../lib/locale";
import { setQuery, usePlace } from "../lib/router";
import { atMs, clock, day } from "../lib/time";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ListFilter, ListState } from "../ui/list-state";
import { LongTable } from "../ui/long-table";
import { usePages } from "../ui/pages-of";
import { usePage } from "../ui/shell";

interface AuditRow {
  seq: number;
  at: string;
  account_id: string;
  actor: string;
  actor_email?: string;
  verb: string;
  object: string;
  detail: Record<string, unknown>;
  source: string;
  request_id: string;
}

/* An account by its address; the platform's own parts by their name. */
function who(r: AuditRow): string {
  return r.actor_email || r.actor;
}

export function AdminAuditPage(): JSX.Element {
  usePage([{ text: t.nav.administration }, { text: t.audit.title }]);
  const { query } = usePlace();
  const q = new URLSearchParams(query).get("q") ?? "";
  const list = usePages<AuditRow>(`/audit?all=true${q ? `&q=${encodeURIComponent(q)}` : ""}`);
  const [open, setOpen] = useState<AuditRow | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => input.current?.focus(), Escape: () => setOpen(null) });
  const rows = list.rows ?? [];
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.audit.title}</h1>
          <p class="sub-line">{t.audit.lead}</p>
        </div>
        <div class="actions">
          <button class="btn" type="button" onClick={list.reload}>
            <Icon name="refresh" />
            {t.audit.refresh}
          </button>
        </div>
      </div>
      <ListFilter input={input} value={q} hint={t.audit.filterHint} label={t.audit.filter} onChange={(v) => setQuery({ q: v })} />
      <ListState
        there={!!list.rows} count={rows.length} filtered={!!q} slow={list.slow} error={list.error} failed={t.audit.failed} retry={list.reload}
        clear={() => setQuery({ q: null })} none={t.audit.none} noneBody="" noHit={t.palette.none(q)} noHitBody={t.audit.noHitBody}
      >
        <div class={open ? "grid split" : "grid"}>
          <LongTable
            rows={rows} total={list.total} cls="audit-table" frame="compact" cols={5} label={t.audit.title} onEnd={list.more} faded={!!list.error}
            head={
              <>
                <th scope="col">{t.audit.at}</th><th scope="col">{t.audit.who}</th><th scope="col">{t.audit.what}</th><th scope="col">{t.audit.object}</th><th scope="col">{t.audit.source}</th>
              </>
            }
            row={(r, i) => (
              <tr key={r.seq} data-row={i} aria-rowindex={i + 2} aria-selected={open?.seq === r.seq}>
                <td class="num nowrap t2">{`${day(atMs(r.at))} ${clock(atMs(r.at), true)}`}</td>
                <td><span class="truncate">{who(r)}</span></td>
                <td>
                  <button class="name link mono small" type="button" aria-pressed={open?.seq === r.seq} onClick={() => setOpen(open?.seq === r.seq ? null : r)}>{r.verb}</button>
                </td>
                <td class="mono small hide"><span class="truncate audit-object">{r.object}</span></td>
                <td class="t3 small hide"><span class="truncate">{r.source}</span></td>
              </tr>
            )}
            plainFoot={t.list.foot(count(rows.length), count(list.total ?? rows.length))}
          />
          {open && <Detail r={open} onClose={() => setOpen(null)} />}
        </div>
      </ListState>
    </>
  );
}

function Detail({ r, onClose }: { r: AuditRow; onClose: () => void }): JSX.Element {
  const lines: [string, string][] = [
    [t.audit.number, String(r.seq)],
    [t.audit.at, r.at],
    [t.audit.who, r.actor_email ? `${r.actor_email} (${r.actor})` : r.actor],
    [t.audit.whose, r.account_id],
    [t.audit.object, r.object],
    [t.audit.source, r.source],
    [t.audit.request, r.request_id],
  ];
  const detail = Object.entries(r.detail ?? {});
  return (
    <aside class="panel" aria-label={r.verb}>
      <div class="panel-head">
        <span class="strong mono">{r.verb}</span>
        <button class="btn btn-s btn-icon push" data-kind="quiet" type="button" aria-label={t.close} onClick={onClose}>
          <Icon name="x" size="s" />
        </button>
      </div>
      <div class="panel-body">
        <dl class="kv kv-left audit-kv">
          {lines.filter(([, v]) => v).map(([k, v]) => (
            <Fragment key={k}>
              <dt>{k}</dt>
              <dd>{v}</dd>
            </Fragment>
          ))}
        </dl>
        {detail.length > 0 && <pre class="code audit-detail">{JSON.stringify(r.detail, null, 2)}</pre>}
      </div>
    </aside>
  );
}
