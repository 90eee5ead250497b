/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { useLoad } from "../lib/use";
import { type Workspace, current } from "../model";
import { t } from "../text";
import { Icon } from "../ui/icons";
import { ErrorBanner } from "../ui/parts";
import { readLog } from "./starting";

export function LogsTab({ w }: { w: Workspace }): JSX.Element {
  const s = current(w);
  const log = useLoad(async () => (s ? readLog(s.id) : ""), [s?.id]);
  return (
    <section class="section">
      <div class="section-head section-center">
        <h2>{t.ws.logs}</h2>
        <span class="t3 small not-phone">{t.ws.logLead}</span>
        {s && (
          <button class="btn btn-s push" type="button" onClick={log.reload}>
            <Icon name="refresh" size="s" />
            {t.ws.refresh}
          </button>
        )}
      </div>
      <ErrorBanner error={log.error} onRetry={log.reload} />
      {log.data !== null && (
        <div class="card card-pad log" tabIndex={0} role="log" aria-live="off" aria-label={t.ws.logs}>
          {log.data ? <p class="logline">{log.data}</p> : <p class="t3">{s ? t.ws.logEmpty : t.ws.logNone}</p>}
        </div>
      )}
    </section>
  );
}
