/* SPDX-License-Identifier: Apache-2.0 */
/* What is on its way, with bytes and time left; what waits for a decision; what was begun and not finished. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Entry, type Upload, join, nameOf } from "../files/api";
import type { Item, Uploads } from "../files/upload";
import { wireOf } from "../files/wire";
import { size, sizeOf } from "../lib/size";
import { durationShort } from "../lib/time";
import { useLoad } from "../lib/use";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { Bar } from "../ui/parts";
import { failText } from "../words";

const SHOWN = 8;

export function UploadPanel({ ws, uploads, folder, entries }: { ws: string; uploads: Uploads; folder: string; entries: Entry[] }): JSX.Element | null {
  const [all, setAll] = useState(false);
  const items = uploads.items;
  const sums = uploads.sums();
  const taken = (path: string) => entries.some((e) => join(folder, e.name) === path) || items.some((i) => i.path === path);
  if (!items.length) return <Unfinished ws={ws} />;
  const order = [...items].sort((a, b) => rank(a) - rank(b));
  const shown = all ? order : order.slice(0, SHOWN);
  const done = items.filter((i) => i.state === "done").length;
  return (
    <section class="card uploads" aria-label={t.uploads.title}>
      <div class="card-head">
        <h3 class="h3">{t.uploads.title}</h3>
        <span class="t3 small num" role="status">
          {sums.busy ? t.uploads.total(size(sums.sent), size(sums.total)) : done ? t.uploads.allDone(done) : ""}
          {sums.busy && sums.rate > 0 ? ` · ${t.uploads.rate(size(Math.round(sums.rate)))}` : ""}
          {sums.left !== null && sums.busy ? ` · ${t.uploads.left(durationShort(Math.ceil(sums.left)))}` : ""}
        </span>
        <span class="push row">
          {sums.busy > 0 ? (
            <button class="btn btn-s" data-kind="quiet" type="button" onClick={() => uploads.cancelAll()}>{t.uploads.cancelAll}</button>
          ) : (
            <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.uploads.close} onClick={() => (items.every((i) => i.state === "done") ? uploads.clearDone() : uploads.cancelAll())}>
              <Icon name="x" size="s" />
            </button>
          )}
        </span>
      </div>
      <ul class="upload-list">
        {shown.map((i) => (
          <Line key={i.key} i={i} uploads={uploads} taken={taken} />
        ))}
      </ul>
      {items.length > SHOWN && (
        <div class="card-foot">
          <button class="link small" type="button" onClick={() => setAll(!all)}>{all ? t.uploads.fewer : t.uploads.all(items.length)}</button>
        </div>
      )}
    </section>
  );
}

const RANK: Record<Item["state"], number> = { exists: 0, failed: 1, stalled: 2, sending: 3, waiting: 4, done: 5, gone: 6 };
const rank = (i: Item) => RANK[i.state];

function Line({ i, uploads, taken }: { i: Item; uploads: Uploads; taken: (path: string) => boolean }): JSX.Element {
  const name = nameOf(i.path);
  const part = i.source.size ? i.sent / i.source.size : i.state === "done" ? 1 : 0;
  const word = () => {
    switch (i.state) {
      case "waiting":
        return t.uploads.waiting;
      case "stalled":
        return t.uploads.stalled;
      case "exists":
        return t.uploads.exists(name);
      case "failed":
        return i.error ? failText(i.error) : "";
      case "done":
        return t.uploads.done;
      default:
        return i.resumed ? t.uploads.resumed(size(i.resumed)) : "";
    }
  };
  return (
    <li class="upload" data-state={i.state}>
      <span class="truncate" title={i.path}>{i.path}</span>
      <span class="t3 small num nowrap">{sizeOf(i.sent, i.source.size)}</span>
      <span class="upload-bar" role="progressbar" aria-label={t.uploads.progress(name)} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)}>
        <Bar part={part} kind={i.state === "failed" || i.state === "exists" ? "danger" : i.state === "stalled" ? "warn" : undefined} />
      </span>
      <span class="upload-word small t2" role={i.state === "failed" || i.state === "exists" ? "alert" : undefined}>{word()}</span>
      <span class="row upload-do">
        {i.state === "exists" && (
          <>
            <button class="btn btn-s" type="button" onClick={() => uploads.overwrite(i.key)}>{t.uploads.overwrite}</button>
            <button class="btn btn-s" type="button" onClick={() => uploads.beside(i.key, taken)}>{t.uploads.beside}</button>
            <button class="btn btn-s" data-kind="quiet" type="button" onClick={() => uploads.cancel(i.key)}>{t.uploads.skip}</button>
          </>
        )}
        {i.state === "failed" && <button class="btn btn-s" type="button" onClick={() => uploads.retry(i.key)}>{t.uploads.retry}</button>}
        {i.state !== "done" && i.state !== "exists" && (
          <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.uploads.cancel(i.path)} onClick={() => uploads.cancel(i.key)}>
            <Icon name="x" size="s" />
          </button>
        )}
      </span>
    </li>
  );
}

/* Begun before this page was loaded, here or elsewhere. */
function Unfinished({ ws }: { ws: string }): JSX.Element | null {
  const open = useLoad(() => wireOf(ws).list(), [ws]);
  const [dropped, setDropped] = useState<string[]>([]);
  const left = (open.data ?? []).filter((u: Upload) => !u.done && u.offset > 0 && !dropped.includes(u.id)).slice(0, 5);
  if (!left.length) return null;
  return (
    <div class="stack">
      {left.map((u) => (
        <div class="banner banner-s" key={u.id}>
          <Icon name="upload" />
          <div class="banner-body small">{t.uploads.unfinished(u.path, size(u.offset), size(u.size))}</div>
          <div class="actions">
            <button
              class="btn btn-s"
              type="button"
              onClick={() => {
                setDropped([...dropped, u.id]);
                void wireOf(ws).drop(u.id).catch(() => {});
              }}
            >
              {t.uploads.discard}
            </button>
          </div>
        </div>
      ))}
    </div>
  );
}
