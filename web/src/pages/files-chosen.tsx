/* SPDX-License-Identifier: Apache-2.0 */
/* Several entries of a folder at once: what can be done with them. */
import type { JSX } from "preact";
import type { Entry } from "../files/api";
import { t } from "../text";
import { Icon } from "../ui/icons";

export function FilesChosen({ chosen, busy, onDownload, onMove, onRemove, onClear }: {
  chosen: Entry[];
  busy: boolean;
  onDownload: () => void;
  onMove: () => void;
  onRemove: () => void;
  onClear: () => void;
}): JSX.Element {
  return (
    <div class="row row-wrap chosen-bar" role="region" aria-label={t.lists.chosen(chosen.length)}>
      <span class="strong num" role="status">{t.lists.chosen(chosen.length)}</span>
      <button class="btn" type="button" aria-busy={busy} onClick={onDownload}>
        <Icon name="download" />
        {t.files.download}
      </button>
      <button class="btn" type="button" onClick={onMove}>
        <Icon name="right" />
        {t.files.move}
      </button>
      <button class="btn" data-kind="danger" type="button" onClick={onRemove}>
        <Icon name="trash" />
        {t.files.remove}
      </button>
      <button class="btn push" data-kind="quiet" type="button" onClick={onClear}>
        {t.lists.letGo} <kbd class="not-phone">Esc</kbd>
      </button>
    </div>
  );
}
