/* SPDX-License-Identifier: Apache-2.0 */
/* The Python packages of a workspace, and how they differ from what its image brought. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Package, readEnvironment } from "../files/api";
import { changesOf, requirementsOf } from "../files/packages";
import { useStore } from "../lib/store";
import { useLoad } from "../lib/use";
import { useWindow } from "../lib/window";
import { live } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { toast } from "../ui/layers";
import { Empty, ErrorBanner, SkeletonRows } from "../ui/parts";
import { imageName } from "../words";
import { NeverStarted, isNew } from "./workspace-files";

const ROW = 32;

export function EnvironmentTab({ w }: { w: Workspace }): JSX.Element {
  const images = useStore(live, (s) => s.images);
  const env = useLoad(() => readEnvironment(w.id), [w.id, w.session?.state === "running"]);
  const [filter, setFilter] = useState("");
  const [mine, setMine] = useState(false);
  const all = env.data?.packages ?? [];
  const changes = changesOf(all);
  const wanted = filter.trim().toLowerCase();
  const rows = all.filter((p) => (!mine || p.where === "home") && (!wanted || p.name.toLowerCase().includes(wanted)));
  const image = imageName(images, w.image);
  const copy = async () => {
    await navigator.clipboard?.writeText(requirementsOf(all));
    toast(t.env.copied, "copy");
  };
  return (
    <section class="section">
      <div class="section-head section-center row-wrap">
        <h2>{t.env.title}</h2>
        {env.data && (
          <span class="t3 small">
            {changes ? t.env.lead(image, changes) : t.env.same(image)}
            {env.data.python ? `, ${t.env.python(env.data.python)}` : ""}
          </span>
        )}
        {all.length > 0 && (
          <span class="push row row-wrap">
            <span class="affix">
              <Icon name="search" />
              <input class="input file-filter" type="search" value={filter} placeholder={t.env.filter} aria-label={t.env.filter} onInput={(e) => setFilter(e.currentTarget.value)} />
            </span>
            <label class="check">
              <input type="checkbox" checked={mine} onChange={(e) => setMine(e.currentTarget.checked)} />
              {t.env.onlyMine}
            </label>
            <button class="btn btn-s" type="button" onClick={() => void copy()}>
              <Icon name="copy" size="s" />
              {t.env.copy}
            </button>
          </span>
        )}
      </div>
      {!w.session && <p class="t3 small">{t.files.free}</p>}
      {isNew(env.error) && !w.session && !w.last_session ? <NeverStarted w={w} /> : <ErrorBanner error={env.error} title={t.env.failed} onRetry={env.reload} />}
      {!env.data && !env.error && env.slow && (
        <div class="card">
          <SkeletonRows rows={8} label={t.files.starting} />
        </div>
      )}
      {env.data && !env.data.image_known && <p class="banner banner-s"><Icon name="info" /><span class="banner-body small">{t.env.unknown}</span></p>}
      {env.data && !all.length && (
        <div class="card">
          <Empty art="list" title={t.env.empty} body={t.env.emptyBody} />
        </div>
      )}
      {all.length > 0 && (rows.length ? <Packages rows={rows} all={all.length} /> : <p class="t2 card card-pad">{wanted ? t.env.noHits : t.env.noMine}</p>)}
      {env.data?.truncated && <p class="t3 small">{t.env.truncated}</p>}
      {all.length > 0 && <p class="t3 small">{t.env.next}</p>}
    </section>
  );
}

function Packages({ rows, all }: { rows: Package[]; all: number }): JSX.Element {
  const win = useWindow(rows.length, ROW);
  const long = rows.length > 100;
  const [from, to] = long ? [win.from, win.to] : [0, rows.length];
  return (
    <div class="table-frame compact">
      <div class={long ? "file-box file-long" : "file-box"} ref={win.box} tabIndex={long ? 0 : undefined} role={long ? "region" : undefined} aria-label={long ? t.env.title : undefined}>
        <table class="table env-table" aria-rowcount={rows.length + 1}>
          <thead>
            <tr>
              <th scope="col">{t.env.package}</th>
              <th scope="col" class="n">{t.env.version}</th>
              <th scope="col">{t.env.from}</th>
              <th scope="col" class="not-phone"><span class="vh">{t.ws.image}</span></th>
            </tr>
          </thead>
          <tbody>
            {from > 0 && <tr aria-hidden="true" class="file-space"><td colSpan={4} style={{ height: `${from * ROW}px` }} /></tr>}
            {rows.slice(from, to).map((p, i) => (
              <tr key={p.name + p.where} aria-rowindex={from + i + 2}>
                <td class="mono">{p.name}</td>
                <td class="n mono t2">{p.version}</td>
                <td>
                  <span class="badge" data-kind={p.change === "added" ? "accent" : p.change === "changed" ? "warn" : undefined}>{wordOf(p)}</span>
                </td>
                <td class="t3 not-phone">{p.change === "changed" && p.image_version ? t.env.imageHas(p.image_version) : ""}</td>
              </tr>
            ))}
            {to < rows.length && <tr aria-hidden="true" class="file-space"><td colSpan={4} style={{ height: `${(rows.length - to) * ROW}px` }} /></tr>}
          </tbody>
        </table>
      </div>
      <div class="table-foot num">{t.env.foot(rows.length, all)}</div>
    </div>
  );
}

function wordOf(p: Package): string {
  if (p.change === "added") return t.env.added;
  if (p.change === "changed") return t.env.changed;
  return p.where === "home" ? t.env.asImage : t.env.fromImage;
}
