/* SPDX-License-Identifier: Apache-2.0 */
/* The session does not answer: what that means, and the seconds to the next try. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../../../src/lib/store";
import { net, tryNow } from "../file/net";
import { t } from "../text";
import { Icon } from "./icons";

export function OfflineBanner(): JSX.Element | null {
  const s = useStore(net, (x) => x);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (s.online) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [s.online]);
  if (s.online) return null;
  const seconds = s.nextTry ? Math.max(0, Math.ceil((s.nextTry - now) / 1000)) : 0;
  return (
    <div class="banner offline" data-kind="warn" role="alert">
      <Icon name="offline" />
      <div class="banner-body">
        {t.shell.offlineBanner} <span class="num" aria-hidden="true">{seconds > 0 && t.shell.nextTry(seconds)}</span>
      </div>
      <div class="actions">
        <button class="btn btn-s" type="button" onClick={tryNow}>
          {t.shell.tryAgain}
        </button>
      </div>
    </div>
  );
}
