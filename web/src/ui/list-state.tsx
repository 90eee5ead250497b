/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in the place of a list's rows: nothing yet, an error above the old ones, none, none that match. */
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../lib/api";
import { t } from "../text";
import { Icon } from "./icons";
import { type Art, Empty, ErrorBanner, SkeletonRows } from "./parts";

export interface ListStateProps {
  there: boolean; /* something was read */
  count: number; /* rows after the filter */
  filtered: boolean;
  slow: boolean;
  error: ApiError | null;
  failed: string;
  retry: () => void;
  clear?: () => void;
  art?: Art;
  none: string;
  noneBody: string;
  noHit: string;
  noHitBody?: string;
  go?: ComponentChildren; /* the one next step of an empty list */
  rows?: number; /* of the skeleton */
  children: ComponentChildren; /* the list */
}

export function ListState(p: ListStateProps): JSX.Element {
  return (
    <>
      <ErrorBanner error={p.error} onRetry={p.retry} title={p.failed} />
      {!p.there && p.slow && !p.error && (
        <div class="card">
          <SkeletonRows rows={p.rows ?? 6} label={t.loading} />
        </div>
      )}
      {p.there && p.count > 0 && p.children}
      {p.there && !p.count && !p.error && (
        <div class="card">
          {p.filtered ? (
            <Empty art="search" title={p.noHit} body={p.noHitBody ?? ""}>
              {p.clear && <button class="btn" type="button" onClick={p.clear}>{t.clear}</button>}
            </Empty>
          ) : (
            <Empty art={p.art ?? "list"} title={p.none} body={p.noneBody}>{p.go}</Empty>
          )}
        </div>
      )}
    </>
  );
}

const WAIT_MS = 150;

/* A filter that the server answers: asked a moment after the last key. */
export function ListFilter({ input, value, hint, label, onChange }: { input: RefObject<HTMLInputElement>; value: string; hint: string; label: string; onChange: (text: string) => void }): JSX.Element {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => {
    if (document.activeElement !== input.current || !value) setTyped(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div class="row row-wrap" role="search">
      <div class="affix list-filter">
        <Icon name="search" />
        <input
          class="input"
          ref={input}
          value={typed}
          maxLength={100}
          placeholder={hint}
          aria-label={label}
          onInput={(e) => {
            const text = e.currentTarget.value;
            setTyped(text);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => onChange(text), WAIT_MS);
          }}
          onKeyDown={(e) => {
            if (e.key !== "Escape") return;
            clearTimeout(timer.current);
            setTyped("");
            onChange("");
            e.currentTarget.blur();
          }}
        />
        <kbd class="not-phone">/</kbd>
      </div>
    </div>
  );
}
