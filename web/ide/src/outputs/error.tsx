/* SPDX-License-Identifier: Apache-2.0 */
/* An error: its last line always, the frames on demand, those of libraries folded. */
import { useState } from "preact/hooks";
import { Icon } from "../shell/icons";
import type { OpenNotebook, Output } from "../model/types";
import { t } from "../text/index";
import { PLAIN, parse, strip } from "./ansi";
import { FOLD } from "./stream";
import { Lines } from "./line";
import { type Frame, type Group, framesOf, groups, librariesOf } from "./traceback";

type ErrorOf = Output & { output_type: "error" };
const SUMMARY_MAX = 2_000;

/* The cell's own place in the page; one that is far away is not there, and the button says its number. */
function goTo(file: OpenNotebook, count: string): void {
  const cell = file.model.cells.find((c) => String(c.count) === count);
  const place = cell && document.querySelector(`.out[data-cell="${CSS.escape(cell.id)}"]`)?.closest<HTMLElement>(".cell");
  place?.scrollIntoView({ block: "center" });
  place?.focus();
}

function FrameView({ frame, file }: { frame: Frame; file: OpenNotebook }) {
  const lines = frame.text.split("\n");
  const shown = lines.length > 10 * FOLD ? lines.slice(0, 10 * FOLD) : lines;
  const known = frame.cell !== null && file.model.cells.some((c) => String(c.count) === frame.cell);
  return (
    <div class="tb-frame">
      {known && (
        <button type="button" class="btn btn-s" data-kind="quiet" onClick={() => goTo(file, frame.cell!)}>
          {t.run.toCell(frame.cell!)}
        </button>
      )}
      <Lines lines={shown} style={PLAIN} class="tb-line" />
    </div>
  );
}

function GroupView({ group, all, file }: { group: Group; all: boolean; file: OpenNotebook }) {
  if (group.folded && !all) {
    return <div class="tb-fold t3">{t.run.framesFolded(group.frames.length, t.run.libraries(librariesOf(group.frames)))}</div>;
  }
  return (
    <>
      {group.frames.map((f) => (
        <FrameView frame={f} file={file} />
      ))}
    </>
  );
}

export function ErrorOutput({ error, file }: { error: ErrorOf; file: OpenNotebook }) {
  const frames = framesOf(error.ename, error.evalue, error.traceback);
  const folded = frames.filter((f) => f.library).length;
  const [all, setAll] = useState(false);
  const [copied, setCopied] = useState(false);
  const words = strip(error.evalue);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(strip(error.traceback.join("\n")) || `${error.ename}: ${error.evalue}`);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div class="out-error">
      <details class="err" open={frames.length > 0 && frames.length - folded <= 3}>
        <summary>
          <Icon name="xc" size="s" />
          <span>
            <b>{strip(error.ename) || t.run.errorTitle}</b>
            {words && ": "}
            {words.length > SUMMARY_MAX ? words.slice(0, SUMMARY_MAX) + t.run.cut(words.length - SUMMARY_MAX) : parse(words).runs.map((r) => r.text)}
          </span>
        </summary>
        {frames.length > 0 && (
          <div class="tb" tabindex={0}>
            {groups(frames).map((g) => (
              <GroupView group={g} all={all} file={file} />
            ))}
          </div>
        )}
      </details>
      <div class="err-foot">
        {folded > 0 && (
          <button type="button" class="btn btn-s" data-kind="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? t.run.hideFrames : t.run.showFrames}
          </button>
        )}
        <button type="button" class="btn btn-s" data-kind="quiet" onClick={() => void copy()}>
          <Icon name="copy" size="s" />
          <span role="status">{copied ? t.run.copied : t.run.copy}</span>
        </button>
      </div>
    </div>
  );
}

