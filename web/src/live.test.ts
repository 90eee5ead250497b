/* SPDX-License-Identifier: Apache-2.0 */
import { beforeEach, describe, expect, it } from "vitest";
import { live, putNotice, putSession, putWorkspace } from "./live";
import type { Notice, Session, State, Workspace } from "./model";

function session(id: string, state: State, more: Partial<Session> = {}): Session {
  return {
    id, workspace_id: "w_1", workspace_name: "a", state, phase: null, phases: [], reason: null, evidence: {}, url: null,
    program_url: null, instance_type: "small", image: "default", epoch: 1, started_at: "2026-11-21T10:00:00Z", stopped_at: null,
    stop_at: null, stop_why: null, auto_stop_seconds: 3600, max_seconds: 43_200, cost: "0.00", price_per_hour: "0.06",
    currency: "USD", seconds: 0, stats: null, ...more,
  };
}

const workspace: Workspace = {
  id: "w_1", name: "a", image: "default", instance_type: "small", storage_bytes: 1, auto_stop_seconds: 3600,
  created_at: "2026-11-20T10:00:00Z", updated_at: "2026-11-20T10:00:00Z", session: null, last_session: null,
  price_per_hour: "0.06", currency: "USD",
};
const stats = { cpu_cores_used: 1, memory_bytes: 1, memory_limit_bytes: 2, disk_used_bytes: 1, disk_size_bytes: 2, pids: 3 };

beforeEach(() => live.set({ workspaces: [], warnings: [] }));

const shown = () => live.get().workspaces![0]!;

describe("what the console knows", () => {
  it("follows a session from its start to its end", () => {
    putWorkspace(workspace);
    putSession(session("s_1", "starting"));
    expect(shown().session?.state).toBe("starting");
    putSession(session("s_1", "running", { stats }));
    putSession(session("s_1", "running"));
    expect(shown().session?.stats).toEqual(stats); /* an event without figures blanks nothing */
    putSession(session("s_1", "stopped", { reason: "idle" }));
    expect(shown().session).toBeNull();
    expect(shown().last_session?.reason).toBe("idle");
  });

  it("makes no list of one out of what comes before the list", () => {
    live.set({ workspaces: null });
    expect(putWorkspace(workspace).name).toBe("a");
    expect(live.get().workspaces).toBeNull();
  });

  it("takes an answer that comes after the event of what came of it as older news", () => {
    putWorkspace(workspace);
    putSession(session("s_1", "running"));
    putSession(session("s_1", "starting"));
    expect(shown().session?.state).toBe("running");
    putSession(session("s_1", "stopped", { reason: "user" }));
    putSession(session("s_1", "stopping"));
    expect(shown().session).toBeNull();
    expect(shown().last_session?.state).toBe("stopped");
    putSession(session("s_2", "queued", { epoch: 2 }));
    expect(shown().session?.id).toBe("s_2");
    putSession(session("s_2", "lost", { epoch: 2 }));
    putSession(session("s_2", "running", { epoch: 2 })); /* found again */
    expect(shown().session?.state).toBe("running");
  });

  it("does not let news of an older session hide the present one", () => {
    putWorkspace({ ...workspace, session: session("s_2", "running"), last_session: session("s_1", "stopped") });
    putSession(session("s_1", "failed"));
    expect(shown().session?.id).toBe("s_2");
  });

  it("takes a warning back when the stop has moved away or the session has ended", () => {
    const soon = new Date(Date.now() + 200_000).toISOString();
    const warning = { session_id: "s_1", workspace_id: "w_1", workspace_name: "a", stop_at: soon, seconds: 200, why: "idle" };
    putWorkspace({ ...workspace, session: session("s_1", "running", { stop_at: soon }) });
    live.set({ warnings: [warning] });
    putSession(session("s_1", "running", { stop_at: soon }));
    expect(live.get().warnings.length).toBe(1);
    putSession(session("s_1", "running", { stop_at: new Date(Date.now() + 3_800_000).toISOString() }));
    expect(live.get().warnings.length).toBe(0);
    live.set({ warnings: [warning] });
    putSession(session("s_1", "stopped"));
    expect(live.get().warnings.length).toBe(0);
  });
});

describe("notices", () => {
  const notice = (id: string, read: string | null = null): Notice => ({ id, kind: "turn", object_id: "", data: { text: id }, at: "2026-11-21T10:00:00Z", read_at: read });

  it("counts each once, whoever reads it", () => {
    live.set({ notices: [], unread: 0 });
    for (const id of ["a", "b", "c"]) putNotice(notice(id));
    expect(live.get().unread).toBe(3);
    putNotice(notice("b", "2026-11-21T10:01:00Z"));
    putNotice(notice("b", "2026-11-21T10:01:00Z"));
    expect(live.get().unread).toBe(2);
    expect(live.get().notices.map((n) => n.id)).toEqual(["c", "b", "a"]);
    putNotice({ all_read: true });
    expect(live.get().unread).toBe(0);
    expect(live.get().notices.every((n) => n.read_at)).toBe(true);
  });
});
