/* SPDX-License-Identifier: Apache-2.0 */
/* A page that is fetched when it is first needed. Nothing for 150 ms, then the skeleton; a failure says so. */
import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

export interface Waiting {
  slow: boolean;
  failed: boolean;
  retry(): void;
}

export function lazy<P extends object>(fetchIt: () => Promise<ComponentType<P>>, wait: (w: Waiting) => JSX.Element | null): ComponentType<P> & { preload(): void } {
  let ready: ComponentType<P> | null = null;
  let coming: Promise<void> | null = null;
  const load = () =>
    (coming ??= fetchIt().then(
      (c) => void (ready = c),
      (e: unknown) => {
        coming = null;
        throw e;
      },
    ));
  function Lazy(props: P): JSX.Element | null {
    const [state, set] = useState({ slow: false, failed: false, turn: 0 });
    useEffect(() => {
      if (ready) return;
      let gone = false;
      const timer = setTimeout(() => !gone && set((s) => ({ ...s, slow: true })), 150);
      load().then(
        () => !gone && set((s) => ({ ...s, failed: false, turn: s.turn + 1 })),
        () => !gone && set((s) => ({ ...s, failed: true })),
      );
      return () => {
        gone = true;
        clearTimeout(timer);
      };
    }, [state.turn]);
    if (ready) {
      const Page = ready as ComponentType<object>;
      return <Page {...props} />;
    }
    /* A newer release took its files away: the page as it is now has them. */
    const retry = () => location.reload();
    return wait({ slow: state.slow, failed: state.failed, retry });
  }
  return Object.assign(Lazy, { preload: () => void load().catch(() => {}) }) as ComponentType<P> & { preload(): void };
}
