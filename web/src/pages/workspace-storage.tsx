/* SPDX-License-Identifier: Apache-2.0 */
/* How full the volume is, and with what: the largest entries of the home folder, hidden ones under a word. */
import type { JSX } from "preact";
import { type Disk, readDisk } from "../files/api";
import { size, sizeOf } from "../lib/size";
import { useLoad } from "../lib/use";
import type { Session, Workspace } from "../model";
import { t } from "../text";
import { filesAddress } from "./workspace-files";

const NAMED = 3;

export interface Share {
  name: string;
  path: string;
  bytes: number;
  folder: boolean;
}

/* The largest few by name, what is left of the used bytes as one. */
export function sharesOf(d: Disk, named = NAMED): { shares: Share[]; rest: number } {
  const by = new Map<string, Share>();
  for (const i of d.items) {
    const word = t.diskUse.hidden[i.name];
    const name = word ?? i.name;
    const had = by.get(name);
    by.set(name, { name, path: i.path, bytes: i.bytes + (had?.bytes ?? 0), folder: i.type === "directory" && !word && !i.name.startsWith(".") });
  }
  const shares = [...by.values()].filter((x) => x.bytes > 0).sort((a, b) => b.bytes - a.bytes).slice(0, named);
  return { shares, rest: Math.max(0, d.used_bytes - shares.reduce((a, x) => a + x.bytes, 0)) };
}

export function StorageCard({ w, s }: { w: Workspace; s: Session | null }): JSX.Element {
  const steady = !w.session || w.session.state === "running";
  const read = useLoad(async () => (steady ? await readDisk(w.id, "", 40) : null), [w.id, steady, w.session?.id]);
  const d = read.data;
  const total = d?.size_bytes || s?.stats?.disk_size_bytes || w.storage_bytes;
  const used = d?.used_bytes ?? s?.stats?.disk_used_bytes ?? null;
  const parts = d ? sharesOf(d) : null;
  const part = used === null ? 0 : used / total;
  const width = (bytes: number) => ({ width: `${Math.min(100, (bytes / total) * 100).toFixed(1)}%` });
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="h3">{t.ws.storage}</h2>
        <span class="push num small t3">{used !== null ? sizeOf(used, total) : size(total)}</span>
      </div>
      <div class="card-pad stack">
        <span class="bar bar-l" role="img" aria-label={used !== null ? sizeOf(used, total) : size(total)}>
          {part > 0.95 ? <i data-kind="danger" style={width(used!)} /> : parts ? (
            <>
              {parts.shares.map((x, i) => (
                <i key={x.name} data-kind={String(i + 1)} style={width(x.bytes)} />
              ))}
              <i data-kind="4" style={width(parts.rest)} />
            </>
          ) : (
            used !== null && <i style={width(used)} />
          )}
        </span>
        {parts ? (
          <div class="legend num disk-use">
            {parts.shares.map((x, i) => (
              <DiskLine key={x.name} w={w} x={x} n={i + 1} />
            ))}
            {parts.rest > 0 && (
              <>
                <span><i data-series="5" />{t.diskUse.rest}</span>
                <span class="t3">{size(parts.rest)}</span>
              </>
            )}
          </div>
        ) : (
          <p class="t3 small">{read.slow && steady && !read.error ? t.diskUse.counting : t.ws.files}</p>
        )}
        {d?.truncated && <p class="t3 small">{t.diskUse.atLeast}</p>}
        <p class="small row">
          <a href={filesAddress(w.id, "")}>{t.files.title}</a>
          <a class="push" href={`/workspaces/${w.id}/settings`}>{t.diskUse.grow}</a>
        </p>
      </div>
    </section>
  );
}

const SERIES = ["1", "3", "2"]; /* as the bars of components.css are coloured */

function DiskLine({ w, x, n }: { w: Workspace; x: Share; n: number }): JSX.Element {
  return (
    <>
      <span class="truncate">
        <i data-series={SERIES[n - 1]} />
        {x.folder ? <a href={filesAddress(w.id, x.path)}>{x.name}</a> : x.name}
      </span>
      <span class="t3">{size(x.bytes)}</span>
    </>
  );
}
