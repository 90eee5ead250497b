/* SPDX-License-Identifier: Apache-2.0 */
/* Search: names, headings and text of one's own notebooks and files; question and filters live in the address. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { openAddress, usualApp } from "../actions";
import { type Hit, search } from "../desk";
import { useKeys } from "../lib/keys";
import { setQuery, usePlace } from "../lib/router";
import { useStore } from "../lib/store";
import { ago, atMs } from "../lib/time";
import { useLoad, useNow } from "../lib/use";
import { live } from "../live";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ListState } from "../ui/list-state";
import { Marked } from "../ui/palette";
import { Empty } from "../ui/parts";
import { usePage } from "../ui/shell";

const SHOWN = 50;
const KINDS = ["all", "notebook", "file", "workspace"];
const WAIT_MS = 150;

export function SearchPage(): JSX.Element {
  usePage([{ text: t.search.title }]);
  const all = useStore(live, (s) => s.workspaces);
  const { query } = usePlace();
  const now = useNow(30_000);
  const p = new URLSearchParams(query);
  const q = p.get("q") ?? "";
  const kind = KINDS.includes(p.get("kind") ?? "") ? p.get("kind")! : "all";
  const where = p.get("in") ?? "";
  const [typed, setTyped] = useState(q);
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const asked = [q, kind === "all" ? "" : `type:${kind}`].filter(Boolean).join(" ");
  const found = useLoad(() => search(q.trim() ? asked : "", { limit: SHOWN, workspace: where }), [asked, where]);
  useKeys({ "/": () => input.current?.focus() });
  useEffect(() => {
    if (document.activeElement !== input.current) setTyped(q);
  }, [q]);
  useEffect(() => {
    input.current?.focus();
    return () => clearTimeout(timer.current);
  }, []);

  const type = (text: string) => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ q: text }), WAIT_MS);
  };
  const clear = () => {
    setTyped("");
    setQuery({ q: null, kind: null, in: null });
    input.current?.focus();
  };
  const items = found.data?.items ?? [];
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.search.title}</h1>
          <p class="sub-line">
            {found.data && q.trim() ? [t.search.lead(found.data.documents), found.data.catching_up ? t.search.catching : ""].filter(Boolean).join(" ") : "\u00a0"}
          </p>
        </div>
      </div>
      <form
        class="row row-wrap search-form"
        role="search"
        onSubmit={(e) => {
          e.preventDefault();
          clearTimeout(timer.current);
          setQuery({ q: typed });
        }}
      >
        <div class="affix search-input">
          <Icon name="search" />
          <input class="input" type="search" ref={input} value={typed} maxLength={200} placeholder={t.search.hint} aria-label={t.search.label} onInput={(e) => type(e.currentTarget.value)} />
        </div>
        <div class="seg" role="group" aria-label={t.search.kind}>
          {KINDS.map((k) => (
            <button type="button" key={k} aria-pressed={kind === k} onClick={() => setQuery({ kind: k === "all" ? null : k })}>
              {t.search.kinds[k]}
            </button>
          ))}
        </div>
        <select class="select search-where" aria-label={t.search.where} value={where} onChange={(e) => setQuery({ in: e.currentTarget.value })}>
          <option value="">{t.search.everywhere}</option>
          {(all ?? []).map((w) => (
            <option key={w.id} value={w.id}>{w.name}</option>
          ))}
        </select>
      </form>
      {!q.trim() ? (
        <div class="card">
          <Empty art="search" title={t.search.empty} body={t.search.emptyBody} />
        </div>
      ) : (
        <ListState
          there={!!found.data} count={items.length} filtered slow={found.slow} error={found.error} failed={t.search.failed} retry={found.reload} clear={clear}
          none="" noneBody="" noHit={t.search.none(q.trim())} noHitBody={t.search.noneBody}
        >
          <p class="t3 small" role="status">{found.data?.more ? t.search.first(items.length) : t.search.hits(items.length)}</p>
          <ul class="card hits">
            {items.map((h) => (
              <HitRow key={`${h.workspace_id}/${h.path}`} h={h} now={now} />
            ))}
          </ul>
        </ListState>
      )}
    </>
  );
}

function HitRow({ h, now }: { h: Hit; now: number }): JSX.Element {
  const workspace = h.kind === "workspace";
  const out = workspace ? {} : { target: "_blank", rel: "noopener" };
  const folder = h.path.includes("/") ? h.path.slice(0, h.path.lastIndexOf("/")) : "";
  return (
    <li class="hit">
      <Icon name={workspace ? "desk" : h.kind === "notebook" ? "notebook" : "code"} size="l" />
      <div class="hit-words">
        <p class="row row-wrap">
          <a class="name" href={workspace ? `/workspaces/${h.workspace_id}` : openAddress(h.label, { app: usualApp(), path: h.path })} {...out}>
            <Marked parts={h.name_parts} />
          </a>
          {!workspace && <span class="t3 small truncate">{[h.workspace_name, folder].filter(Boolean).join(" / ")}</span>}
        </p>
        {h.title && h.title !== h.name && <p class="t2 small">{h.title}</p>}
        {h.snippet.length > 0 && <p class="t2 hit-snippet"><Marked parts={h.snippet} /></p>}
      </div>
      <span class="t3 small nowrap right">
        {ago(atMs(h.updated_at), now)}
        {h.running && <span class="lamp lamp-inline" role="img" aria-label={t.home.ready} />}
      </span>
    </li>
  );
}
