/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads outlive the page that began them: one queue for each workspace, as long as the tab is open. */
import { useEffect, useReducer } from "preact/hooks";
import { parentOf } from "./api";
import { Uploads } from "./upload";
import { wireOf } from "./wire";

interface Kept {
  uploads: Uploads;
  watchers: Set<() => void>;
  landed: Set<(folder: string) => void>;
}

const all = new Map<string, Kept>();

function keptOf(ws: string): Kept {
  let k = all.get(ws);
  if (!k) {
    const watchers = new Set<() => void>();
    const landed = new Set<(folder: string) => void>();
    let planned = 0;
    /* Progress comes often; a page is drawn once a frame. */
    const changed = () => {
      planned ||= requestAnimationFrame(() => {
        planned = 0;
        for (const fn of [...watchers]) fn();
      });
    };
    k = { watchers, landed, uploads: new Uploads(wireOf(ws), changed, (path) => [...landed].forEach((fn) => fn(parentOf(path)))) };
    all.set(ws, k);
  }
  return k;
}

export function useUploads(ws: string, onLanded: (folder: string) => void): Uploads {
  const k = keptOf(ws);
  const [, again] = useReducer<number, void>((x) => x + 1, 0);
  useEffect(() => {
    const draw = () => again();
    k.watchers.add(draw);
    return () => void k.watchers.delete(draw);
  }, [k]);
  useEffect(() => {
    k.landed.add(onLanded);
    return () => void k.landed.delete(onLanded);
  });
  return k.uploads;
}
