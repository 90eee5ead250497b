/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { openInTab } from "../actions";
import { go } from "../lib/router";
import { sizeOf, size } from "../lib/size";
import { type Image, type InstanceType, type Workspace, current } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { MenuButton, type MenuItem } from "../ui/layers";
import { openItems } from "../ui/open-button";
import { Bar, Money, WorkspacePill, rateText } from "../ui/parts";
import type { WorkspaceActions } from "../ui/workspace-actions";
import { costSoFar, imageName, typeName } from "../words";

export interface RowProps {
  w: Workspace;
  now: number;
  index: number;
  selected: boolean;
  chosen: boolean;
  onChoose: (w: Workspace, range: boolean) => void;
  acts: WorkspaceActions;
  images: Image[];
  types: InstanceType[];
  used: string;
  left: string;
}

export function Row({ w, now, index, selected, chosen, onChoose, acts, images, types, used, left }: RowProps): JSX.Element {
  const s = w.session;
  const stats = current(w)?.stats;
  const onRow = (e: MouseEvent) => {
    if ((e.target as Element).closest("a, button, input, label")) return;
    go(`/workspaces/${w.id}`);
  };
  const cost = s && s.state !== "queued" ? costSoFar(s, now) : null;
  return (
    <tr id={`row-${w.id}`} data-row={index} aria-rowindex={index + 2} aria-selected={selected || chosen} onClick={onRow}>
      <td class="choose">
        <input type="checkbox" checked={chosen} aria-label={t.lists.choose(w.name)} onClick={(e) => onChoose(w, e.shiftKey)} />
      </td>
      <td>
        <div class="row">
          <a class="name truncate" href={`/workspaces/${w.id}`}>{w.name}</a>
        </div>
      </td>
      <td>
        <WorkspacePill w={w} now={now} />
      </td>
      <td class="t2 hide">
        <span class="truncate">{imageName(images, w.image)}</span>
      </td>
      <td class="hide">
        <span class="mono small">{typeName(types, s?.instance_type ?? w.instance_type)}</span>
      </td>
      <td class="n hide t2">{rateText(s?.price_per_hour ?? w.price_per_hour, w.currency)}</td>
      <td class="n hide">{cost !== null && <Money micro={cost} currency={w.currency} />}</td>
      <td class="n hide t2">{left}</td>
      <td class="hide">
        <div class="row nowrap">
          {stats && stats.disk_size_bytes > 0 ? (
            <>
              <Bar part={stats.disk_used_bytes / stats.disk_size_bytes} kind={stats.disk_used_bytes > 0.95 * stats.disk_size_bytes ? "warn" : undefined} />
              <span class="num t2 small">{sizeOf(stats.disk_used_bytes, stats.disk_size_bytes)}</span>
            </>
          ) : (
            <span class="num t2 small">{size(w.storage_bytes)}</span>
          )}
        </div>
      </td>
      <td class="t2 nowrap">
        <span class={s ? "not-phone" : undefined}>{used}</span>
        {s && (
          <span class="only-phone num">
            {cost !== null && <Money micro={cost} currency={w.currency} />}
            {left && <span class="t3">{` · ${t.home.stopsIn(left)}`}</span>}
          </span>
        )}
      </td>
      <td class="n">
        <div class="row row-end">
          <RowButton w={w} acts={acts} />
          <MenuButton label={t.list.more(w.name)} items={menu(w, acts)} />
        </div>
      </td>
    </tr>
  );
}

function RowButton({ w, acts }: { w: Workspace; acts: WorkspaceActions }): JSX.Element | null {
  const busy = acts.busy === w.id;
  if (!w.session)
    return (
      <button class="btn btn-s" type="button" aria-busy={busy} aria-label={t.act.startName(w.name)} onClick={() => void acts.start(w)}>
        <Icon name="play" size="s" />
        {t.act.start}
      </button>
    );
  if (w.session.state === "running")
    return (
      <button class="btn btn-s" data-kind="soft" type="button" aria-label={t.act.openName(w.name)} onClick={() => openInTab(w)}>
        {t.act.open}
      </button>
    );
  if (w.session.state === "stopping") return null;
  return (
    <a class="btn btn-s" href={`/workspaces/${w.id}/start`}>
      {t.act.watch}
    </a>
  );
}

export function menu(w: Workspace, acts: WorkspaceActions): MenuItem[] {
  const items: MenuItem[] = w.session?.state === "running" ? openItems(w) : [];
  if (w.session?.state === "running") items.push({ text: t.act.extend, icon: "clock", line: true, run: () => void acts.extend(w) });
  if (w.session && w.session.state !== "stopping") items.push({ text: t.act.stop, icon: "stop", run: () => acts.askStop(w) });
  items.push({ text: t.act.resize, icon: "cpu", run: () => acts.askResize(w) });
  items.push({ text: t.act.settings, icon: "menu", run: () => go(`/workspaces/${w.id}/settings`) });
  items.push({ text: t.act.removeMore, icon: "trash", danger: true, line: true, run: () => acts.askRemove(w) });
  return items;
}
