/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a new account: one click from nothing to an open notebook. */
import type { JSX } from "preact";
import { createWorkspace, start } from "../actions";
import { cheapestFirst, defaults } from "../defaults";
import { parseMicro } from "../lib/money";
import { go } from "../lib/router";
import { useStore } from "../lib/store";
import { durationSetting } from "../lib/time";
import { useAction } from "../lib/use";
import { live } from "../live";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { EmptyArt, ErrorBanner, rateText } from "../ui/parts";

export function FirstNotebook(): JSX.Element {
  const types = useStore(live, (s) => s.types);
  const images = useStore(live, (s) => s.images);
  const action = useAction();
  const d = defaults(cheapestFirst(types), images);
  const price = d.type ? parseMicro(d.type.price_per_hour) : null;
  const rate = price ? t.list.emptyRate(rateText(d.type!.price_per_hour, d.type!.currency)) : t.list.emptyFree;
  const make = () =>
    action.run(async () => {
      const w = await createWorkspace({
        name: t.list.firstName,
        image: d.image?.id ?? "default",
        instance_type: d.type?.id ?? "small",
        storage_bytes: d.storage_bytes,
        auto_stop_seconds: d.auto_stop_seconds,
      });
      await start(w.id);
      go(`/workspaces/${w.id}/start`, { state: { open: true } });
    });
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t.list.title}</h1>
          <p class="sub-line">{t.list.none}</p>
        </div>
      </div>
      <ErrorBanner error={action.error} />
      <div class="card first">
        <EmptyArt art="desk" />
        <div class="stack first-words">
          <div>
            <h2 class="h1">{t.list.emptyTitle}</h2>
            <p class="lead first-lead">{t.list.emptyBody(rate, durationSetting(d.auto_stop_seconds))}</p>
          </div>
          <div class="row row-wrap">
            <button class="btn btn-l" data-kind="primary" type="button" aria-busy={action.busy} onClick={make}>
              {action.busy ? <span class="spin" aria-hidden="true" /> : <Icon name="play" />}
              {action.busy ? t.list.emptyBusy : t.list.emptyGo}
            </button>
            <a class="btn btn-l" href="/workspaces/new">{t.list.emptyOwn}</a>
          </div>
        </div>
      </div>
    </>
  );
}
