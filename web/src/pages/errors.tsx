/* SPDX-License-Identifier: Apache-2.0 */
/* Address unknown and not allowed give the same page; a platform that is away says that sessions run on. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { useStore } from "../lib/store";
import { clock } from "../lib/time";
import { useNow } from "../lib/use";
import { retryNow } from "../follow";
import { live } from "../live";
import { t } from "../text";
import { BrandMark, Icon } from "../ui/icons";
import { usePage } from "../ui/shell";

export function NotFound(): JSX.Element {
  usePage([{ text: t.notFound.eyebrow }], t.notFound.title);
  return (
    <section class="err-page">
      <p class="eyebrow">{t.notFound.eyebrow}</p>
      <h1>{t.notFound.title}</h1>
      <p class="lead">{t.notFound.body}</p>
      <div class="row row-wrap">
        <a class="btn" data-kind="primary" href="/workspaces">{t.notFound.back}</a>
      </div>
    </section>
  );
}

export function Unreachable(): JSX.Element {
  const link = useStore(live, (s) => s.link);
  useNow(1000);
  useEffect(() => {
    document.title = t.title(t.link.pageTitle);
  }, []);
  const left = Math.ceil((link.nextTry - Date.now()) / 1000);
  return (
    <main class="page" id="main">
      <a class="brand brand-flush" href="/">
        <BrandMark />
        {t.product}
      </a>
      <div class="banner" data-kind="warn" role="status">
        <Icon name="offline" />
        <div class="banner-body">
          <span class="strong">{t.link.lost(clock(link.since))}</span>{" "}
          <span aria-live="off">{left > 0 ? t.link.body(left) : t.link.trying}</span>
        </div>
      </div>
      <section class="err-page">
        <p class="eyebrow">{t.link.pageEyebrow}</p>
        <h1>{t.link.pageHeading}</h1>
        <p class="lead">{t.link.pageLead}</p>
        <div class="row row-wrap">
          <button class="btn" data-kind="primary" type="button" onClick={retryNow}>
            <Icon name="refresh" />
            {t.tryNow}
          </button>
        </div>
      </section>
    </main>
  );
}
