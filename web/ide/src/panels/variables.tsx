/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel holds: asked after each run, never while it is busy. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../shell/icons";
import type { Kernel } from "../kernel/types";
import { sizeText } from "../outputs/download";
import { t } from "../text/index";
import "./panels.css";
import { type Listing, type Variable, listingOf, queryOf } from "./queries";

const SETTLE_MS = 250;

type Known = { list: Listing | null; failed: boolean };

/* Asks when the kernel has become idle after something ran. */
function useListing(kernel: Kernel, active: boolean): Known & { again: () => void } {
  const [known, setKnown] = useState<Known>({ list: null, failed: false });
  const stale = useRef(true);
  const asking = useRef(false);
  const ask = useRef<() => void>(() => undefined);
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    stale.current = true;
    setKnown({ list: null, failed: false });
    const look = async (): Promise<void> => {
      const query = queryOf(kernel.language);
      if (gone || asking.current || !stale.current || !active || !query || kernel.status !== "idle") return;
      asking.current = true;
      stale.current = false;
      const list = listingOf(await kernel.ask(query.code, query.expressions).catch(() => null));
      asking.current = false;
      if (gone) return;
      /* A cell came between: what is shown stays until it is over. */
      if (!list && kernel.status !== "idle") stale.current = true;
      else setKnown((k) => (list ? { list, failed: false } : { ...k, failed: true }));
      if (stale.current) soon();
    };
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), SETTLE_MS);
    };
    const unwatch = kernel.watch((what) => {
      if (what.cells || kernel.status !== "idle") stale.current = true;
      if (kernel.status === "restarting" || kernel.status === "none" || kernel.status === "dead") setKnown({ list: null, failed: false });
      if (kernel.status === "idle") soon();
    });
    ask.current = () => {
      stale.current = true;
      void look();
    };
    soon();
    return () => {
      gone = true;
      clearTimeout(timer);
      unwatch();
    };
  }, [kernel, active]);
  return { ...known, again: () => ask.current() };
}

function Rows({ list }: { list: readonly Variable[] }) {
  return (
    <table class="vars">
      <thead class="vh">
        <tr>
          <th scope="col">{t.run.name}</th>
          <th scope="col">{t.run.type}</th>
          <th scope="col">{t.run.shape}</th>
          <th scope="col">{t.run.size}</th>
        </tr>
      </thead>
      <tbody>
        {list.map((v) => (
          <tr key={v.name}>
            <th scope="row" class="mono truncate" title={v.name}>
              {v.name}
            </th>
            <td class="t3 truncate" title={v.type}>
              {v.type}
            </td>
            <td class="n t2 truncate" title={v.shape}>
              {v.shape}
            </td>
            <td class="n t3 num">{v.bytes === null ? "" : sizeText(v.bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/* Why there is no row. */
function nothing(list: Listing | null, kernel: Kernel): string {
  if (!list) return kernel.status === "busy" ? t.run.variablesLater : t.run.variablesEmpty;
  if (list.left) return t.run.variablesLeft(list.left);
  return list.ran ? t.run.variablesGone : t.run.variablesEmpty;
}

export function Variables({ kernel, active }: { kernel: Kernel; active: boolean }) {
  const { list, failed, again } = useListing(kernel, active);
  const [, render] = useState({});
  const [filter, setFilter] = useState<string | null>(null);
  useEffect(() => kernel.watch((what) => !what.cells && render({})), [kernel]);
  const query = queryOf(kernel.language);
  const wanted = (filter ?? "").toLowerCase();
  const shown = list?.variables.filter((v) => v.name.toLowerCase().includes(wanted)) ?? [];
  const note = !query
    ? t.run.variablesNo(kernel.displayName || kernel.language)
    : failed && kernel.status === "idle"
      ? t.run.variablesFailed
      : !list?.variables.length
        ? nothing(list, kernel)
        : !shown.length
          ? t.run.variablesNone
          : kernel.status === "busy"
            ? t.run.variablesBusy
            : null;
  return (
    <section class="pnl" aria-label={t.run.variables}>
      <div class="ph">
        <h2>{t.run.variables}</h2>
        <span class="push row">
          <button type="button" class="btn btn-icon btn-s" data-kind="quiet" aria-label={t.run.filter} title={t.run.filter} aria-pressed={filter !== null} onClick={() => setFilter(filter === null ? "" : null)}>
            <Icon name="search" size="s" />
          </button>
          <button type="button" class="btn btn-icon btn-s" data-kind="quiet" aria-label={t.run.refresh} title={t.run.refresh} onClick={again}>
            <Icon name="refresh" size="s" />
          </button>
        </span>
      </div>
      {filter !== null && (
        <input class="input pnl-filter" type="search" value={filter} placeholder={t.run.filter} aria-label={t.run.filter} onInput={(e) => setFilter(e.currentTarget.value)} ref={(el) => {
            if (filter === "") el?.focus();
          }} />
      )}
      {shown.length > 0 && <Rows list={shown} />}
      {note && <p class="pnl-note t3 small">{note}</p>}
      {list && list.more > 0 && <p class="pnl-note t3 small">{t.run.variablesMore(list.more)}</p>}
    </section>
  );
}

export default Variables;
