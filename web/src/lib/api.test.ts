/* SPDX-License-Identifier: Apache-2.0 */
import { webcrypto } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError, call, get, getAll, post, whenSignedOut } from "./api";

type Handler = (url: string, init: RequestInit & { headers: Headers }) => Response | Promise<Response>;
let handler: Handler;
let seen: { url: string; init: RequestInit & { headers: Headers } }[];

beforeEach(() => {
  seen = [];
  vi.useFakeTimers();
  vi.stubGlobal("crypto", webcrypto); /* Node 18 has it, but not as a global */
  vi.stubGlobal("fetch", (url: string, init: RequestInit & { headers: Headers }) => {
    seen.push({ url, init });
    return Promise.resolve().then(() => handler(url, init));
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  whenSignedOut(() => {});
});

const json = (data: unknown, status = 200, headers = {}) =>
  new Response(JSON.stringify(data), { status, headers: { "Content-Type": "application/json", ...headers } });

/* Runs timers while the promise waits for them; the rejection is handled before it can be reported. */
async function settle<T>(p: Promise<T>): Promise<T> {
  const held = p.then((value) => ({ value }), (error: unknown) => ({ error }));
  await vi.runAllTimersAsync();
  const r = await held;
  if ("error" in r) throw r.error;
  return r.value;
}

describe("api", () => {
  it("sends the CSRF header on every call and a fresh idempotency key on every POST", async () => {
    handler = () => json({ ok: true });
    await settle(get("/me"));
    await settle(post("/workspaces", { name: "a" }));
    await settle(post("/workspaces", { name: "b" }));
    expect(seen[0]!.init.headers.get("X-Carrel-CSRF")).toBe("1");
    expect(seen[0]!.init.headers.get("Idempotency-Key")).toBeNull();
    const [a, b] = [seen[1]!.init.headers.get("Idempotency-Key"), seen[2]!.init.headers.get("Idempotency-Key")];
    expect(a).toMatch(/^[0-9a-f-]{32,36}$/);
    expect(a).not.toBe(b);
    expect(seen[1]!.init.body).toBe('{"name":"a"}');
    expect(seen[1]!.url).toBe("/api/v1/workspaces");
  });

  it("repeats a POST without an answer under the same key", async () => {
    let n = 0;
    handler = () => {
      if (++n < 3) throw new TypeError("network");
      return json({ id: "w_1" }, 201);
    };
    expect(await settle(post("/workspaces", { name: "a" }))).toEqual({ id: "w_1" });
    expect(new Set(seen.map((s) => s.init.headers.get("Idempotency-Key"))).size).toBe(1);
    expect(seen.length).toBe(3);
  });

  it("gives up after three tries and says that nobody answers", async () => {
    handler = () => new Response("", { status: 503, headers: { "Retry-After": "1" } });
    const e = await settle(get("/me")).catch((x: unknown) => x as ApiError);
    expect(e).toBeInstanceOf(ApiError);
    expect((e as ApiError).away).toBe(true);
    expect((e as ApiError).retryAfter).toBe(1);
    expect(seen.length).toBe(3);
  });

  it("never repeats a DELETE or PATCH by itself", async () => {
    handler = () => {
      throw new TypeError("network");
    };
    await expect(settle(call("DELETE", "/workspaces/w_1"))).rejects.toMatchObject({ status: 0 });
    await expect(settle(call("PATCH", "/workspaces/w_1", { body: {} }))).rejects.toMatchObject({ status: 0 });
    expect(seen.length).toBe(2);
  });

  it("reads problem+json, and survives answers that are none", async () => {
    handler = () =>
      new Response(
        JSON.stringify({
          type: "https://carrel.dev/problems/invalid-field",
          title: "The name is taken.",
          status: 409,
          detail: "You have a workspace named a. Choose another name.",
          request_id: "r_9",
          field: "name",
        }),
        { status: 409, headers: { "Content-Type": "application/problem+json" } },
      );
    await expect(settle(post("/workspaces", {}))).rejects.toMatchObject({
      status: 409, slug: "invalid-field", field: "name", requestId: "r_9",
      message: "You have a workspace named a. Choose another name.",
    });
    expect(seen.length).toBe(1);
    handler = () => new Response("<html>", { status: 400, headers: { "Content-Type": "application/json" } });
    await expect(settle(get("/x"))).rejects.toMatchObject({ status: 400, title: "The server answered 400." });
  });

  it("tells once per answer that the sign-in ended, but not when signing in itself fails", async () => {
    const out = vi.fn();
    whenSignedOut(out);
    handler = () => new Response("{}", { status: 401, headers: { "Content-Type": "application/problem+json" } });
    await expect(settle(post("/login", { code: "x" }))).rejects.toMatchObject({ status: 401 });
    expect(out).not.toHaveBeenCalled();
    await expect(settle(get("/me"))).rejects.toMatchObject({ status: 401 });
    expect(out).toHaveBeenCalledTimes(1);
  });

  it("walks the pages of a list", async () => {
    handler = (url) =>
      url.includes("cursor=a%26b") ? json({ items: [3], next: null, total: 9 }) : json({ items: [1, 2], next: "a&b" });
    const r = await settle(getAll<number, { total: number }>("/usage?from=x"));
    expect(r.items).toEqual([1, 2, 3]);
    expect(r.last.total).toBe(9);
    expect(seen[1]!.url).toBe("/api/v1/usage?from=x&cursor=a%26b");
    expect(r.more).toBe(false);
  });

  it("stops at a list without an end, and says so", async () => {
    handler = () => json({ items: [1], next: "on" });
    const r = await settle(getAll<number>("/admin/sessions"));
    expect([r.items.length, r.more]).toEqual([101, true]);
  });
});
