/* SPDX-License-Identifier: Apache-2.0 */
/* The bell: what one was told and has not read yet, and what was told before. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../lib/api";
import { useStore } from "../lib/store";
import { ago, atMs } from "../lib/time";
import { useNow } from "../lib/use";
import { live } from "../live";
import type { Notice } from "../model";
import { t } from "../text";
import { Icon } from "./icons";
import { Dialog } from "./layers";

const SHOWN = 50;

export async function readNotices(): Promise<void> {
  try {
    const { items, unread } = await get<{ items: Notice[]; unread: number }>(`/notices?limit=${SHOWN}`);
    live.set({ notices: items, unread });
  } catch {
    /* the bell stays as it was */
  }
}

async function readAll(): Promise<void> {
  await post("/notices/read");
  live.set({ unread: 0 });
}

function List({ all, now }: { all: Notice[]; now: number }): JSX.Element {
  if (!all.length) return <p class="t2">{t.notices.none}</p>;
  return (
    <ul class="notices">
      {all.map((x) => {
        const ws = x.data.workspace_id;
        return (
          <li key={x.id} data-new={x.read_at ? undefined : "true"}>
            <p>{ws ? <a href={`/workspaces/${ws}/sessions`}>{x.data.text}</a> : x.data.text}</p>
            <p class="t3 small">{ago(atMs(x.at), now)}</p>
          </li>
        );
      })}
    </ul>
  );
}

export function Bell(): JSX.Element {
  const unread = useStore(live, (s) => s.unread);
  const all = useStore(live, (s) => s.notices);
  const now = useNow(30_000);
  const [open, setOpen] = useState(false);
  useEffect(() => void readNotices(), []);
  const show = async () => {
    await readNotices();
    setOpen(true);
    if (live.get().unread) void readAll();
  };
  return (
    <>
      <button class="btn btn-icon bell" data-kind="quiet" type="button" aria-label={unread ? t.notices.some(unread) : t.notices.title} onClick={() => void show()}>
        <Icon name="bell" />
        {unread > 0 && <i class="bell-new" />}
      </button>
      {open && (
        <Dialog
          title={t.notices.title}
          onClose={() => setOpen(false)}
          foot={<button class="btn" type="submit" onClick={() => setOpen(false)}>{t.close}</button>}
        >
          <List all={all} now={now} />
        </Dialog>
      )}
    </>
  );
}
