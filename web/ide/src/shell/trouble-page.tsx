/* SPDX-License-Identifier: Apache-2.0 */
/* A file that can't be shown: what is wrong, and the ways on. */
import type { JSX } from "preact";
import type { Trouble } from "../file/trouble";
import { convertOld } from "../file/actions";
import { nameOf, url } from "../page";
import { t } from "../text";
import { Icon } from "./icons";
import type { Tab } from "./state";
import { closeTab, reopen } from "./tabs";

const size = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

function words(tr: Trouble, name: string): { title: string; body: string } {
  const w = t.shell;
  switch (tr.kind) {
    case "missing":
      return { title: w.missing(name), body: w.missingBody };
    case "offline":
      return { title: w.filesFailed(name, ""), body: w.noAnswer };
    case "large":
      return { title: name, body: w.tooLarge(size(tr.bytes)) };
    case "binary":
      return { title: w.notText(name), body: w.notTextBody };
    case "json":
      return { title: w.broken(name), body: w.brokenJson(tr.why) };
    case "shape":
      return { title: w.broken(name), body: w.brokenShape(tr.why) };
    case "old":
      return { title: w.broken(name), body: w.oldFormat(tr.version, name) };
    case "new":
      return { title: w.broken(name), body: w.newFormat(tr.version) };
    case "other":
      return { title: name, body: tr.why };
  }
}

export function TroublePage({ tab, trouble }: { tab: Tab; trouble: Trouble }): JSX.Element {
  const { title, body } = words(trouble, nameOf(tab.path));
  const text = trouble.kind === "json" || trouble.kind === "shape" || trouble.kind === "old" || trouble.kind === "new";
  const there = trouble.kind !== "missing" && trouble.kind !== "offline";
  return (
    <div class="centre-page" id="main" tabIndex={-1}>
      <h2 class="start-title">{title}</h2>
      <p class="t2" role="alert">{body}</p>
      <div class="row row-wrap">
        {trouble.kind === "old" && (
          <button class="btn" data-kind="primary" type="button" onClick={() => void convertOld(tab)}>
            {t.shell.convert}
          </button>
        )}
        {text && (
          <button class="btn" type="button" onClick={() => reopen(tab.id, { asText: true })}>
            {t.shell.openAsText}
          </button>
        )}
        {there && (
          <a class="btn" href={url("files/", tab.path, { download: "1" })} download={nameOf(tab.path)}>
            <Icon name="download" />
            {t.shell.download}
          </a>
        )}
        {!text && (
          <button class="btn" type="button" onClick={() => reopen(tab.id)}>
            {t.shell.tryAgain}
          </button>
        )}
        <button class="btn" data-kind="quiet" type="button" onClick={() => closeTab(tab.id)}>
          {t.shell.close}
        </button>
      </div>
    </div>
  );
}
