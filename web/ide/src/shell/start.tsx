/* SPDX-License-Identifier: Apache-2.0 */
/* With no file open. */
import type { JSX } from "preact";
import { newIn } from "../file/actions";
import { recent } from "../file/recent";
import { nameOf, parentOf } from "../page";
import { t } from "../text";
import { Icon } from "./icons";
import { addressOf } from "./routes";
import { iconOf } from "./tab-row";
import { openPath } from "./tabs";

export function Start(): JSX.Element {
  const list = recent();
  return (
    <div class="centre-page" id="main" tabIndex={-1}>
      <h2 class="start-title">{t.shell.startTitle}</h2>
      <p class="t2">{t.shell.startBody}</p>
      <div class="row row-wrap">
        <button class="btn" data-kind="primary" type="button" onClick={() => void newIn("", "notebook")}>
          <Icon name="nb" />
          {t.shell.startNotebook}
        </button>
        <button class="btn" type="button" onClick={() => void newIn("", "file")}>
          {t.shell.newFile}
        </button>
      </div>
      {list.length > 0 && (
        <section class="start-recent" aria-label={t.shell.recent}>
          <p class="eyebrow">{t.shell.recent}</p>
          {list.map((path) => (
            <a key={path} class="ti" href={addressOf(path)} onClick={(e) => {
              if (e.ctrlKey || e.metaKey || e.shiftKey) return;
              e.preventDefault();
              openPath(path);
            }}>
              <span class="t3"><Icon name={iconOf(path)} size="s" /></span>
              <span class="truncate">{nameOf(path)}</span>
              <span class="t3 small truncate">{parentOf(path)}</span>
            </a>
          ))}
        </section>
      )}
    </div>
  );
}
