/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a new account: one click from nothing to an open notebook. */
import type { JSX } from "preact";
import { cheapestFirst, defaults } from "../defaults";
import { parseMicro } from "../lib/money";
import { useStore } from "../lib/store";
import { durationSetting } from "../lib/time";
import { useAction } from "../lib/use";
import { live } from "../live";
import { openExample } from "../me";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { EmptyArt, ErrorBanner, rateText } from "../ui/parts";

export function FirstNotebook({ bare = false }: { bare?: boolean }): JSX.Element {
  const types = useStore(live, (s) => s.types);
  const images = useStore(live, (s) => s.images);
  const action = useAction();
  const d = defaults(cheapestFirst(types), images);
  const price = d.type ? parseMicro(d.type.price_per_hour) : null;
  const rate = price ? t.list.emptyRate(rateText(d.type!.price_per_hour, d.type!.currency)) : t.list.emptyFree;
  const make = () => action.run(openExample);
  return (
    <>
      {!bare && (
        <div class="page-head">
          <div>
            <h1>{t.list.title}</h1>
            <p class="sub-line">{t.list.none}</p>
          </div>
        </div>
      )}
      <ErrorBanner error={action.error} />
      <div class="card first">
        <EmptyArt art="desk" />
        <div class="stack first-words">
          <div>
            <h2 class="h1">{t.list.emptyTitle}</h2>
            <p class="lead first-lead">{t.example.lead(rate, durationSetting(d.auto_stop_seconds))}</p>
          </div>
          <div class="row row-wrap">
            <button class="btn btn-l" data-kind="primary" type="button" aria-busy={action.busy} onClick={make}>
              {action.busy ? <span class="spin" aria-hidden="true" /> : <Icon name="play" />}
              {action.busy ? t.list.emptyBusy : t.example.go}
            </button>
            <a class="btn btn-l" href="/workspaces/new">{t.list.emptyOwn}</a>
          </div>
        </div>
      </div>
    </>
  );
}

/* One-time codes come from the machine itself: without a password one is locked out elsewhere. */
export function NoPassword(): JSX.Element {
  return (
    <div class="banner" data-kind="info">
      <Icon name="key" />
      <div class="banner-body">
        <span class="strong">{t.list.noPassword}</span> {t.list.noPasswordBody}
      </div>
      <div class="actions">
        <a class="btn btn-s" href="/account">{t.list.noPasswordGo}</a>
      </div>
    </div>
  );
}
