/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points for the charts of a running session, collected while a page watches it and kept for an hour in
 * this tab. The figures come with GET /sessions/{id}; a gap in the asking stays a gap in time.
 */
import { useEffect } from "preact/hooks";
import { get } from "./lib/api";
import { plain } from "./lib/money";
import { createStore, useStore } from "./lib/store";
import { nowMs } from "./lib/time";
import { putSession } from "./live";
import type { Session } from "./model";
import type { Point } from "./ui/chart";
import { costSoFar } from "./words";

export interface Samples {
  cpu: Point[];
  memory: Point[];
  disk: Point[];
  cost: Point[];
}

const EVERY_MS = 2000;
const KEEP_MS = 3_600_000;
const SESSIONS_MAX = 8;
const NONE: Samples = { cpu: [], memory: [], disk: [], cost: [] };

const kept = createStore<{ by: Record<string, Samples> }>({ by: {} });

function add(s: Session): void {
  if (!s.stats) return;
  const at = nowMs();
  const old = kept.get().by[s.id] ?? NONE;
  const put = (list: Point[], value: number) => [...list.filter((p) => p.at > at - KEEP_MS), { at, value }];
  const cost = costSoFar(s, at);
  const by = {
    ...kept.get().by,
    [s.id]: {
      cpu: put(old.cpu, s.stats.cpu_cores_used),
      memory: put(old.memory, s.stats.memory_bytes),
      disk: put(old.disk, s.stats.disk_used_bytes),
      cost: put(old.cost, cost === null ? 0 : Number(plain(cost))), /* for the eye only; the figure is exact */
    },
  };
  const ids = Object.keys(by);
  if (ids.length > SESSIONS_MAX) delete by[ids.find((id) => id !== s.id)!];
  kept.set({ by });
}

export function useSamples(s: Session | null, on: boolean): Samples {
  const id = s?.id;
  useEffect(() => {
    if (!id || !on) return;
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      if (!document.hidden) {
        try {
          const fresh = await get<Session>(`/sessions/${encodeURIComponent(id)}`, { tries: 1 });
          if (gone) return;
          putSession(fresh);
          add(fresh);
        } catch {
          /* the connection's banner says so; the curve has a gap */
        }
      }
      if (!gone) timer = setTimeout(() => void ask(), EVERY_MS);
    };
    void ask();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [id, on]);
  return useStore(kept, (k) => (id ? (k.by[id] ?? NONE) : NONE));
}
