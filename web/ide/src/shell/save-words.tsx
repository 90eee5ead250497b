/* SPDX-License-Identifier: Apache-2.0 */
/* Save state is always words. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { OpenFile, SaveState } from "../model/types";
import { language, t } from "../text";
import { Icon } from "./icons";

/* Renders again when the file's save state or path changes. */
export function useFile<F extends OpenFile>(file: F): F {
  const [, again] = useState(0);
  useEffect(() => {
    again((n) => n + 1);
    return file.watch(() => again((n) => n + 1));
  }, [file]);
  return file;
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false }).format(ms);
}

export function saveText(s: SaveState): string {
  switch (s.state) {
    case "saved":
      return s.at ? t.shell.saved(clock(s.at)) : t.shell.savedNow;
    case "failed":
      return t.shell.failed(s.why);
    default:
      return t.shell[s.state];
  }
}

export function SaveWords({ file }: { file: OpenFile }): JSX.Element {
  const s = useFile(file).save;
  const bad = s.state === "offline" || s.state === "failed" || s.state === "conflict";
  const icon = s.state === "saved" ? "check" : s.state === "offline" ? "offline" : bad ? "alert" : null;
  return (
    <span class="saved" data-state={s.state} role={bad ? "alert" : undefined}>
      {icon ? <Icon name={icon} size="s" /> : <span class="unsaved" aria-hidden="true" />}
      <span class="truncate">{saveText(s)}</span>
      {s.state === "failed" && (
        <button class="btn btn-s" type="button" onClick={() => void file.saveNow().catch(() => undefined)}>
          {t.shell.tryAgain}
        </button>
      )}
    </span>
  );
}
