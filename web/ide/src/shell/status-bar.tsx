/* SPDX-License-Identifier: Apache-2.0 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useStore } from "../../../src/lib/store";
import type { Kernel } from "../kernel/types";
import { t } from "../text";
import { Icon } from "./icons";
import { type Tab, toggle } from "./state";
import { status } from "./status";

function useKernel(kernel: Kernel | null): Kernel | null {
  const [, again] = useState(0);
  useEffect(() => kernel?.watch(() => again((n) => n + 1)), [kernel]);
  return kernel;
}

export function StatusBar({ tab }: { tab: Tab | null }): JSX.Element {
  const s = useStore(status, (x) => x);
  const kernel = useKernel(tab?.content.kind === "notebook" ? tab.content.kernel : null);
  return (
    <footer class="ib">
      {kernel && (
        <span class="row ib-kernel">
          <span class="lamp" data-state={kernel.status} />
          {kernel.status === "none" ? t.shell.kernelNone : kernel.displayName}
          <span class="t3 not-phone">{t.shell.kernelStatus[kernel.status]}</span>
        </span>
      )}
      {s.position && <span class="not-phone t3 num">{t.shell.position(s.position.line, s.position.column)}</span>}
      {s.mode && <span class="not-phone t3">{s.mode}</span>}
      <span class="push" />
      {s.latency_ms !== null && <span class="num t3 not-phone">{t.shell.latency(s.latency_ms)}</span>}
      {s.cost && <span class="num">{s.cost}</span>}
      {s.stop && <span class="num t3 truncate">{s.stop}</span>}
      <button class="btn btn-s not-phone ib-term" data-kind="quiet" type="button" onClick={() => toggle("terminal")}>
        <Icon name="panelb" size="s" />
        {t.shell.terminal}
        <kbd>Ctrl `</kbd>
      </button>
    </footer>
  );
}
