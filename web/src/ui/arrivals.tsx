/* SPDX-License-Identifier: Apache-2.0 */
/* "3 new" at the top of a list. It lies over the list's edge, so that no row moves when it comes. */
import type { JSX } from "preact";
import { t } from "../text";
import { Icon } from "./icons";

export function Arrivals({ count, onShow }: { count: number; onShow: () => void }): JSX.Element {
  return (
    <div class="arrivals" role="status">
      {count > 0 && (
        <button class="btn btn-s" data-kind="primary" type="button" onClick={onShow}>
          <Icon name="up" size="s" />
          {t.lists.arrived(count)}
        </button>
      )}
    </div>
  );
}
