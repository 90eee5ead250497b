/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of the API, as doc/internals/contracts.md section 7 states it. Money is always a string. */

import type { Limits } from "./defaults";

export type State = "queued" | "starting" | "running" | "stopping" | "stopped" | "failed" | "lost";

export interface Phase {
  phase: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface Evidence {
  busy?: { kernel?: string; name?: string; path?: string; since?: string; msg_id?: string }[];
  terminals?: { name?: string; job?: string }[];
  last?: { what?: string; at?: string };
  message?: string;
}

export interface Stats {
  cpu_cores_used: number;
  memory_bytes: number;
  memory_limit_bytes: number;
  disk_used_bytes: number;
  disk_size_bytes: number;
  pids: number;
}

/* Where a session stands in line. */
export interface Place {
  place: number | null;
  of: number | null;
  estimate_at: string | null; /* at the latest, as far as known */
  expected_at: string | null; /* if those that run stop when they would now */
  ends: number; /* how many sessions end until estimate_at */
  basis: string | null;
  on_turn: "start" | "hold";
  held_until: string | null;
  fallback_types: string[];
  free_types: string[];
}

export interface Session {
  id: string;
  workspace_id: string;
  workspace_name: string;
  state: State;
  phase: string | null;
  phases: Phase[];
  reason: string | null;
  message?: string | null;
  evidence: Evidence | null;
  url: string | null;
  program_url: string | null;
  instance_type: string;
  image: string;
  epoch: number;
  created_at?: string | null;
  started_at: string | null;
  stopped_at: string | null;
  stop_at: string | null;
  stop_why: string | null;
  auto_stop_seconds: number;
  max_seconds: number;
  cost: string;
  price_per_hour: string;
  currency: string;
  seconds: number;
  stats: Stats | null;
  queue?: Place | null;
  received_ms?: number; /* ours: when this copy came, for the cost since then */
}

export interface Workspace {
  id: string;
  name: string;
  label?: string; /* of its own origin */
  image: string;
  instance_type: string;
  storage_bytes: number;
  auto_stop_seconds: number;
  max_seconds?: number; /* 0: the plan's */
  stop_calendar?: string;
  created_at: string;
  updated_at: string;
  session: Session | null;
  last_session: Session | null;
  price_per_hour: string;
  currency: string;
  etag?: string;
  open_path?: string; /* of the example: the notebook to open first */
  deleted_at?: string | null;
  kept_until?: string | null; /* of a deleted one: until then it can be brought back */
}

export interface InstanceType {
  id: string;
  name: string;
  cpu: number;
  memory_bytes: number;
  gpu: number | string | null;
  gpu_class?: string | null;
  preemptible?: boolean;
  price_per_hour: string;
  next_price?: { from: string; price_per_hour: string } | null;
  currency: string;
  available: boolean;
  free_now?: boolean | null;
  queue_place?: number | null;
  queue_estimate_at?: string | null;
  queue_expected_at?: string | null;
  allowed?: boolean; /* by my plan */
  plans?: string[]; /* names of those that allow it */
}

export interface Image {
  id: string;
  name: string;
  title?: string;
  description: string;
  digest: string;
  size_bytes: number;
  ready: boolean;
}

export interface Me {
  account: { id: string; email: string; name: string; admin: boolean; has_password: boolean; theme?: string };
  prefs?: { language: string; one_key: boolean; tour_done: boolean; app?: "lab" | "ide" };
  currency: string;
  warnings: string[];
  version: string;
  last_event_id?: string; /* the event stream goes on after it */
  limits?: Partial<Limits>;
}

export interface UsageLine {
  id?: string; /* of the charge; what runs now has none yet */
  kind?: "compute" | "storage" | "correction";
  session_id: string | null;
  workspace_id: string | null;
  workspace_name?: string | null;
  segment: number;
  part?: number;
  instance_type: string | null; /* of compute only */
  started_at: string;
  stopped_at: string | null;
  seconds: number;
  price_per_hour: string | null;
  rate?: string; /* per hour; of storage per GB and month */
  bytes?: number;
  free?: boolean;
  amount: string;
  estimated: boolean;
  reason?: string | null;
}

export interface UsageTotal {
  amount: string;
  seconds: number;
  currency: string;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  token?: string;
}

export interface Clock {
  kind: string; /* idle, max, calendar, budget */
  at: string;
}

export interface ActivityMinute {
  at: string;
  active: boolean | null; /* null: nobody looked */
  cpu_cores: number | null;
  why: string;
}

export interface Activity {
  clocks: Clock[];
  evidence: Evidence | null;
  verdict: string;
  in_use: boolean | null;
  last_active_at: string | null;
  minutes: ActivityMinute[];
}

export interface AdminSession extends Activity {
  account: { id: string; email: string; name: string };
  session: Session;
}

export interface Notice {
  id: string;
  kind: string;
  object_id: string;
  data: { text: string; workspace_id?: string };
  at: string;
  read_at: string | null;
}

export interface Warning {
  session_id: string;
  workspace_id: string;
  workspace_name: string;
  stop_at: string;
  seconds: number;
  why: string;
  early?: boolean; /* the first of two */
}

export function isLive(s: Session | null | undefined): s is Session {
  return !!s && s.state !== "stopped" && s.state !== "failed";
}

/* What a workspace shows: its session, or how the last one ended. */
export function current(w: Workspace): Session | null {
  return w.session ?? w.last_session;
}

export function stateOf(w: Workspace): State {
  return current(w)?.state ?? "stopped";
}
