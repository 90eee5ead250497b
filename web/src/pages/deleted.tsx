/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces that were deleted and are kept for a while: bring them back, or give them up. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { giveUp } from "../actions";
import { count } from "../lib/locale";
import { size } from "../lib/size";
import { useStore } from "../lib/store";
import { ago, atMs, dayClock } from "../lib/time";
import { useAction, useLoad, useNow } from "../lib/use";
import { live } from "../live";
import type { Workspace } from "../model";
import { t } from "../text";
import { ActionDialog } from "../ui/action-dialog";
import { Icon } from "../ui/icons";
import { toast } from "../ui/layers";
import { ListState } from "../ui/list-state";
import { LongTable } from "../ui/long-table";
import { usePage } from "../ui/shell";
import { bringBack, keptFor, readDeleted } from "../ui/undo-delete";

export function DeletedPage(): JSX.Element {
  usePage([{ text: t.list.title, href: "/workspaces" }, { text: t.deleted.title }]);
  const there = useStore(live, (s) => s.workspaces?.length ?? 0);
  const list = useLoad(readDeleted, []);
  const now = useNow(10_000);
  const [busy, setBusy] = useState<string | null>(null);
  const [asks, setAsks] = useState<Workspace | null>(null);
  const seen = useRef(there);
  /* Another tab brings one back, or deletes one more. */
  useEffect(() => {
    if (seen.current !== there) list.reload();
    seen.current = there;
  }, [there]);
  const back = async (w: Workspace) => {
    if (busy) return;
    setBusy(w.id);
    await bringBack([w]);
    setBusy(null);
    list.reload();
  };
  const rows = list.data ?? [];
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.deleted.title}</h1>
          <p class="sub-line">{keptFor() ? t.deleted.sub(keptFor()) : t.deleted.notKept}</p>
        </div>
      </div>
      <ListState
        there={!!list.data} count={rows.length} filtered={false} slow={list.slow} error={list.error} failed={t.deleted.failed} retry={list.reload}
        none={t.deleted.none} noneBody={t.deleted.noneBody} noHit="" rows={3}
        go={<a class="btn" href="/workspaces">{t.list.title}</a>}
      >
        <LongTable
          rows={rows}
          cls="deleted-table"
          cols={5}
          label={t.deleted.title}
          faded={!!list.error}
          plainFoot={t.list.foot(count(rows.length), count(rows.length))}
          head={
            <>
              <th scope="col">{t.list.name}</th>
              <th scope="col">{t.deleted.when}</th>
              <th scope="col">{t.deleted.until}</th>
              <th scope="col" class="n">{t.list.storage}</th>
              <th scope="col"><span class="vh">{t.actions}</span></th>
            </>
          }
          row={(w, i) => (
            <tr key={w.id} data-row={i} aria-rowindex={i + 2}>
              <td><span class="name truncate">{w.name}</span></td>
              <td class="t2 nowrap hide">{ago(atMs(w.deleted_at), now)}</td>
              <td class="t2 nowrap" data-label={t.deleted.until}>{dayClock(atMs(w.kept_until))}</td>
              <td class="n t2 nowrap hide">{size(w.storage_bytes)}</td>
              <td class="n wide">
                <span class="row nowrap">
                  <button class="btn btn-s push" type="button" aria-busy={busy === w.id} aria-label={t.deleted.bringBackName(w.name)} onClick={() => void back(w)}>
                    <Icon name="undo" size="s" />
                    {t.deleted.bringBack}
                  </button>
                  <button class="btn btn-s btn-icon" data-kind="quiet" type="button" aria-label={t.deleted.forGoodName(w.name)} title={t.deleted.forGoodName(w.name)} onClick={() => setAsks(w)}>
                    <Icon name="trash" size="s" />
                  </button>
                </span>
              </td>
            </tr>
          )}
        />
      </ListState>
      {asks && (
        <GiveUp
          w={asks}
          onClose={() => setAsks(null)}
          onDone={() => {
            toast(t.deleted.gone(asks.name), "trash");
            setAsks(null);
            list.reload();
          }}
        />
      )}
    </>
  );
}

function GiveUp({ w, onClose, onDone }: { w: Workspace; onClose: () => void; onDone: () => void }): JSX.Element {
  const action = useAction();
  const run = async () => {
    if (await action.run(() => giveUp(w))) onDone();
  };
  return (
    <ActionDialog title={t.deleted.forGoodTitle(w.name)} verb={t.deleted.forGood} kind="danger-fill" action={action} run={() => void run()} onClose={onClose}>
      <p class="t2">{t.deleted.forGoodBody(size(w.storage_bytes))}</p>
    </ActionDialog>
  );
}
