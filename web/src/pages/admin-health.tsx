/* SPDX-License-Identifier: Apache-2.0 */
/* Administration, health: how the parts are, what the disk has, with which settings the platform runs. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { get } from "../lib/api";
import { count, decimal } from "../lib/locale";
import { size } from "../lib/size";
import { durationShort } from "../lib/time";
import { useLoad } from "../lib/use";
import type { State } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ListState } from "../ui/list-state";
import { Bar, ServerText } from "../ui/parts";
import { usePage } from "../ui/shell";

interface Health {
  version: string;
  up_seconds: number;
  engine: { up: boolean; disk_bytes_total: number; disk_bytes_free: number; warnings: string[] };
  store: { full: boolean; commits: number; commit_microseconds: number; waiting: number };
  sessions: Record<string, number>;
  accounts: number;
  settings: Record<string, string | number>;
}

const EVERY_MS = 5000;

function Part({ name, good, text, href }: { name: string; good: boolean; text: string; href?: string }): JSX.Element {
  return (
    <div class="health-part">
      <span class="pill" data-state={good ? "running" : "failed"}>
        <Icon name={good ? "checkc" : "xc"} />
        {good ? t.health.ok : t.health.away}
      </span>
      {href ? <a class="strong plain" href={href}>{name}</a> : <span class="strong">{name}</span>}
      <span class="t3 small">{text}</span>
    </div>
  );
}

function settingText(key: string, v: string | number): string {
  if (key.endsWith("_bytes")) return size(Number(v));
  if (key.endsWith("_seconds")) return durationShort(Number(v));
  return String(v);
}

export function AdminHealthPage(): JSX.Element {
  usePage([{ text: t.nav.administration }, { text: t.health.title }]);
  const h = useLoad(() => get<Health>("/admin/health"), []);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && h.poll(), EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.health.title}</h1>
          <p class="sub-line">{t.health.lead}</p>
        </div>
      </div>
      <ListState there={!!h.data} count={h.data ? 1 : 0} filtered={false} slow={h.slow} error={h.error} failed={t.health.failed} retry={h.reload} none="" noneBody="" noHit="">
        {h.data && <Whole h={h.data} faded={!!h.error} />}
      </ListState>
    </>
  );
}

function Whole({ h, faded }: { h: Health; faded: boolean }): JSX.Element {
  const used = h.engine.disk_bytes_total - h.engine.disk_bytes_free;
  const part = h.engine.disk_bytes_total > 0 ? used / h.engine.disk_bytes_total : 0;
  return (
    <div class="grid cols-2 health" data-faded={faded ? "true" : undefined}>
      <section class="card" aria-labelledby="h-roles">
        <div class="card-head"><h2 class="h3" id="h-roles">{t.health.roles}</h2></div>
        <Part name={t.health.edge} good text={t.health.edgeAnswers} />
        <Part name={t.health.core} good text={t.health.coreUp(durationShort(h.up_seconds))} />
        <Part name={t.health.store} good={!h.store.full} text={h.store.full ? t.health.storeFull : t.health.commits(count(h.store.commits), decimal(h.store.commit_microseconds / 1000, 2))} />
        <Part name={t.health.engine} good={h.engine.up} text={h.engine.up ? "" : t.health.engineAway} href="/admin/capacity" />
      </section>
      <section class="card" aria-labelledby="h-disk">
        <div class="card-head"><h2 class="h3" id="h-disk">{t.health.disk}</h2></div>
        <div class="card-pad stack">
          <p class="num">{t.health.diskOf(size(h.engine.disk_bytes_free), size(h.engine.disk_bytes_total))}</p>
          <Bar big part={part} kind={part > 0.95 ? "danger" : part > 0.85 ? "warn" : undefined} />
          <dl class="kv num">
            <dt>{t.health.version}</dt>
            <dd>{h.version}</dd>
            <dt>{t.health.accounts}</dt>
            <dd><a href="/admin/accounts">{count(h.accounts)}</a></dd>
            {Object.entries(h.sessions).map(([state, n]) => (
              <div class="kv-row" key={state}>
                <dt>{`${t.health.sessions}, ${t.state[state as State] ?? state}`}</dt>
                <dd><a href="/admin/sessions">{count(n)}</a></dd>
              </div>
            ))}
          </dl>
        </div>
      </section>
      <section class="card" aria-labelledby="h-warn">
        <div class="card-head"><h2 class="h3" id="h-warn">{t.health.warnings}</h2></div>
        <div class="card-pad">
          {h.engine.warnings.length ? <ul class="warn-list">{h.engine.warnings.map((w) => <li key={w}><ServerText text={w} /></li>)}</ul> : <p class="t2">{t.health.noWarnings}</p>}
        </div>
      </section>
      <section class="card" aria-labelledby="h-set">
        <div class="card-head"><h2 class="h3" id="h-set">{t.health.settings}</h2></div>
        <div class="card-pad stack">
          <p class="t3 small">{t.health.settingsBody}</p>
          <dl class="kv kv-left health-set">
            {Object.entries(h.settings).map(([k, v]) => (
              <div class="kv-row" key={k}>
                <dt class="mono small">{k}</dt>
                <dd>{settingText(k, v)}</dd>
              </div>
            ))}
          </dl>
        </div>
      </section>
    </div>
  );
}
