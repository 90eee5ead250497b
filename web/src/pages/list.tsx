/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces: filter and sort live in the address; rows update in place and never jump. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useKeys, read, write } from "../lib/keys";
import { count } from "../lib/locale";
import { cents, parseMicro, sum } from "../lib/money";
import { go, setQuery, usePlace } from "../lib/router";
import { useSteady } from "../lib/steady";
import { useStore } from "../lib/store";
import { ago, atMs, durationShort } from "../lib/time";
import { useLate, useLoad, useNow } from "../lib/use";
import { live } from "../live";
import { type Workspace, current, stateOf } from "../model";
import { t } from "../text";
import { Arrivals } from "../ui/arrivals";
import { ChosenBar } from "../ui/choosing";
import { Icon } from "../ui/icons";
import { LongTable } from "../ui/long-table";
import { Empty, SkeletonRows } from "../ui/parts";
import { usePage } from "../ui/shell";
import { readDeleted } from "../ui/undo-delete";
import { useWorkspaceActions } from "../ui/workspace-actions";
import { imageName, leftSeconds, running, typeName } from "../words";
import { FirstNotebook, NoPassword } from "./first";
import { Row } from "./list-row";

const DENSE = "carrel.dense";
const DENSE_ABOVE = 12;

type Filter = "all" | "running" | "stopped" | "look";
type SortKey = "name" | "stops" | "used";

function inFilter(w: Workspace, f: Filter): boolean {
  const s = stateOf(w);
  if (f === "running") return !!w.session;
  if (f === "stopped") return !w.session;
  return f === "all" || s === "failed" || s === "lost";
}

export function lastUsed(w: Workspace): number {
  const s = current(w);
  const at = atMs(s?.evidence?.last?.at) || atMs(s?.stopped_at) || atMs(s?.started_at) || atMs(w.created_at);
  return Number.isFinite(at) ? at : 0;
}

function sorted(rows: Workspace[], key: SortKey, down: boolean, now: number): Workspace[] {
  const by: Record<SortKey, (a: Workspace, b: Workspace) => number> = {
    name: (a, b) => a.name.localeCompare(b.name),
    stops: (a, b) => (leftSeconds(a.session, now) ?? Infinity) - (leftSeconds(b.session, now) ?? Infinity) || 0,
    used: (a, b) => lastUsed(b) - lastUsed(a),
  };
  const out = [...rows].sort((a, b) => by[key](a, b) || a.name.localeCompare(b.name));
  return down ? out.reverse() : out;
}

export function ListPage(): JSX.Element {
  usePage([{ text: t.list.title }]);
  const all = useStore(live, (s) => s.workspaces);
  const me = useStore(live, (s) => s.me)!;
  const link = useStore(live, (s) => s.link);
  const late = useLate();
  if (!all)
    return (
      <>
        <div class="page-head">
          <div>
            <h1>{t.list.title}</h1>
          </div>
        </div>
        {link.since ? (
          <div class="banner" data-kind="danger">
            <Icon name="alert" />
            <div class="banner-body">
              <span class="strong">{t.list.failed}</span> {t.list.failedBody}
            </div>
          </div>
        ) : (
          late && (
            <div class="card">
              <SkeletonRows rows={5} label={t.loading} />
            </div>
          )
        )}
      </>
    );
  return (
    <>
      {all.length ? <List all={all} /> : <FirstNotebook />}
      <DeletedLink there={all.length} />
      {!me.account.has_password && <NoPassword />}
    </>
  );
}

/* Only where there is something to bring back. */
function DeletedLink({ there }: { there: number }): JSX.Element | null {
  const some = useLoad(readDeleted, []);
  const seen = useRef(there);
  useEffect(() => {
    if (seen.current !== there) some.reload();
    seen.current = there;
  }, [there]);
  return some.data?.length ? (
    <p class="t3 small">
      <a href="/workspaces/deleted">{t.deleted.some(some.data.length)}</a>
    </p>
  ) : null;
}

function List({ all }: { all: Workspace[] }): JSX.Element {
  const me = useStore(live, (s) => s.me)!;
  const images = useStore(live, (s) => s.images);
  const types = useStore(live, (s) => s.types);
  const { query } = usePlace();
  const now = useNow();
  const acts = useWorkspaceActions();
  const search = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(read(DENSE));
  const dense = chosen ? chosen === "on" : all.length > DENSE_ABOVE;

  const q = new URLSearchParams(query);
  const text = q.get("q") ?? "";
  const filter = (["running", "stopped", "look"].includes(q.get("state") ?? "") ? q.get("state") : "all") as Filter;
  const sort = (["name", "stops"].includes(q.get("sort") ?? "") ? q.get("sort") : "used") as SortKey;
  const down = q.get("down") === "1";

  const needle = text.toLowerCase();
  const hits = useMemo(
    () => all.filter((w) => !needle || [w.name, imageName(images, w.image), typeName(types, w.instance_type)].some((x) => x.toLowerCase().includes(needle))),
    [all, needle, images, types],
  );
  const { rows, waiting, takeIn } = useSteady(
    hits.filter((w) => inFilter(w, filter)),
    (w) => w.id,
    [sort, down, filter, needle].join("|"),
    (some) => sorted(some, sort, down, now),
  );
  const newest = useRef<string | null>(null);
  useEffect(() => {
    if (newest.current) document.getElementById(`row-${newest.current}`)?.querySelector<HTMLElement>("a.name")?.focus();
    newest.current = null;
  });
  const showNew = () => {
    newest.current = sorted(waiting, sort, down, now)[0]!.id;
    setAt(newest.current);
    takeIn();
  };

  /* Chosen for an action on several; what is filtered away or gone is no longer chosen. */
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const lastPick = useRef<string | null>(null);
  const chosenRows = rows.filter((w) => picked.has(w.id));
  const pick = (w: Workspace, range = false) => {
    const next = new Set(chosenRows.map((x) => x.id));
    const from = range ? rows.findIndex((x) => x.id === lastPick.current) : -1;
    const to = rows.indexOf(w);
    if (from >= 0) for (const x of rows.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(x.id);
    else if (!next.delete(w.id)) next.add(w.id);
    lastPick.current = w.id;
    setPicked(next);
  };
  const here = rows.findIndex((w) => w.id === at);
  const move = (by: number) => {
    const to = rows[Math.max(0, Math.min(rows.length - 1, here < 0 ? (by > 0 ? 0 : rows.length - 1) : here + by))];
    if (to) setAt(to.id);
  };
  const withRow = (fn: (w: Workspace) => void) => () => {
    if (rows[here]) fn(rows[here]!);
  };
  useKeys({
    "/": () => search.current?.focus(),
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: withRow((w) => go(`/workspaces/${w.id}`)),
    s: withRow((w) => (w.session ? acts.askStop(w) : void acts.start(w))),
    e: withRow((w) => w.session?.state === "running" && void acts.extend(w)),
    x: withRow((w) => pick(w)),
    Escape: () => (chosenRows.length ? setPicked(new Set()) : setAt(null)),
    "g g": () => setAt(rows[0]?.id ?? null),
  });
  const on = running(all).filter((w) => w.session!.state !== "queued");
  const rateNow = cents(sum(on.map((w) => parseMicro(w.session!.price_per_hour) ?? 0n)), me.currency);
  const counts: Record<Filter, number> = {
    all: hits.length,
    running: hits.filter((w) => inFilter(w, "running")).length,
    stopped: hits.filter((w) => inFilter(w, "stopped")).length,
    look: hits.filter((w) => inFilter(w, "look")).length,
  };
  const head = (k: SortKey, label: string, cls?: string) => (
    <th class={cls} scope="col" aria-sort={sort === k ? (down ? "descending" : "ascending") : "none"}>
      <button class="sort" type="button" onClick={() => setQuery({ sort: k === "used" ? null : k, down: sort === k && !down ? "1" : null })}>
        {label}
        <Icon name={sort === k ? "down" : "updown"} />
      </button>
    </th>
  );

  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.list.title}</h1>
          <p class="sub-line">{t.list.count(all.length, on.length, rateNow)}</p>
        </div>
        <div class="actions">
          <a class="btn" data-kind="primary" href="/workspaces/new">
            <Icon name="plus" />
            {t.nav.newWorkspace}
            <kbd class="not-phone kbd-on">N</kbd>
          </a>
        </div>
      </div>
      {chosenRows.length > 0 ? (
        <ChosenBar chosen={chosenRows} onClear={() => setPicked(new Set())} onLeft={(ids) => setPicked(new Set(ids))} />
      ) : (
      <div class="row row-wrap" role="search">
        <div class="affix list-filter">
          <Icon name="search" />
          <input
            class="input"
            ref={search}
            value={text}
            maxLength={100}
            placeholder={t.list.filterHint}
            aria-label={t.list.filter}
            onInput={(e) => setQuery({ q: e.currentTarget.value })}
            onKeyDown={(e) => {
              if (e.key !== "Escape") return;
              if (text) setQuery({ q: null });
              e.currentTarget.blur();
            }}
          />
          <kbd class="not-phone">/</kbd>
        </div>
        <div class="seg" role="group" aria-label={t.list.stateGroup}>
          {(["all", "running", "stopped", "look"] as Filter[]).map((f) => (
            <button type="button" key={f} aria-pressed={filter === f} onClick={() => setQuery({ state: f === "all" ? null : f })}>
              {t.list[f]} <span class="t3">{count(counts[f])}</span>
            </button>
          ))}
        </div>
        <div class="push row not-phone">
          <div class="seg" role="group" aria-label={t.list.rowHeight}>
            {[false, true].map((d) => (
              <button
                type="button"
                key={String(d)}
                aria-pressed={dense === d}
                aria-label={d ? t.list.dense : t.list.comfortable}
                onClick={() => {
                  write(DENSE, d ? "on" : "off");
                  setChosen(d ? "on" : "off");
                }}
              >
                <Icon name={d ? "list" : "menu"} />
              </button>
            ))}
          </div>
        </div>
      </div>
      )}
      <Arrivals count={waiting.length} onShow={showNew} />
      {rows.length ? (
        <LongTable
          rows={rows}
          cls="list-table"
          frame={dense ? "compact" : undefined}
          cols={11}
          label={t.list.title}
          at={here}
          head={
            <>
              <th scope="col" class="choose">
                <input type="checkbox" aria-label={t.lists.chooseAll} checked={chosenRows.length === rows.length} onClick={() => setPicked(chosenRows.length === rows.length ? new Set() : new Set(rows.map((w) => w.id)))} />
              </th>
              {head("name", t.list.name)}
              <th scope="col">{t.list.state}</th>
              <th scope="col">{t.list.image}</th>
              <th scope="col">{t.list.type}</th>
              <th scope="col" class="n">{t.list.rate}</th>
              <th scope="col" class="n">{t.list.cost}</th>
              {head("stops", t.list.stops, "n")}
              <th scope="col">{t.list.storage}</th>
              {head("used", t.list.used)}
              <th scope="col">
                <span class="vh">{t.actions}</span>
              </th>
            </>
          }
          row={(w, i) => (
            <Row key={w.id} w={w} index={i} now={now} selected={w.id === at} chosen={picked.has(w.id)} onChoose={pick} acts={acts} images={images} types={types} used={ago(lastUsed(w), now)} left={leftText(w, now)} />
          )}
          plainFoot={t.list.foot(count(rows.length), count(all.length))}
          foot={
            <>
              <kbd>J</kbd>
              <kbd>K</kbd> {t.list.keys.move} <kbd>Enter</kbd> {t.list.keys.open} <kbd>S</kbd> {t.list.keys.start} <kbd>E</kbd> {t.list.keys.extend} <kbd>X</kbd> {t.lists.keyChoose}
            </>
          }
        />
      ) : (
        <div class="card">
          <Empty art="search" title={text ? t.list.noHit(text) : t.list.noHitState} body={t.list.noHitBody}>
            <button class="btn" type="button" onClick={() => setQuery({ q: null, state: null })}>
              {t.clear}
            </button>
          </Empty>
        </div>
      )}
      {acts.dialogs}
    </>
  );
}

function leftText(w: Workspace, now: number): string {
  const left = leftSeconds(w.session, now);
  return left === null ? "" : durationShort(left);
}
