/* SPDX-License-Identifier: Apache-2.0 */
import { beforeEach, describe, expect, it } from "vitest";
import type { KernelMessage, Output, OutputsModel, RunCell } from "./types";
import { type Answer, type Run, Runs } from "./runs";

/* As much of JupyterLab's model as matters here: streams of one name are joined. */
class FakeOutputs implements OutputsModel {
  list: Output[] = [];
  private clearNext = false;
  get length(): number {
    return this.list.length;
  }
  add(o: Output): number {
    if (this.clearNext) this.clear();
    const last = this.list.at(-1);
    if (o.output_type === "stream" && last?.output_type === "stream" && last.name === o.name) last.text = `${last.text}${o.text}`;
    else this.list.push({ ...o });
    return this.list.length;
  }
  set(i: number, o: Output): void {
    this.list[i] = { ...o };
  }
  clear(wait = false): void {
    this.clearNext = wait;
    if (!wait) this.list = [];
  }
  fromJSON(all: Output[]): void {
    this.list = [];
    for (const o of all) this.add(o);
  }
}

function fakeCell(id: string): RunCell & { outputs: FakeOutputs } {
  return {
    id,
    type: "code",
    isDisposed: false,
    sharedModel: { getSource: () => "" },
    outputs: new FakeOutputs(),
    executionCount: 7,
    executionState: "idle",
    trusted: false,
  };
}

let n = 0;
function msg(parent: string, type: string, content: Record<string, unknown>, id = `m${n++}`, session = "other"): KernelMessage {
  return {
    channel: "iopub",
    header: { msg_id: id, msg_type: type, session: "kernel" },
    parent_header: { msg_id: parent, session },
    metadata: {},
    content,
  };
}
const out = (parent: string, text: string, id?: string): KernelMessage => msg(parent, "stream", { name: "stdout", text }, id);
const idle = (parent: string): KernelMessage => msg(parent, "status", { execution_state: "idle" });
const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
const run = (more: Partial<Run>): Run => ({
  msg_id: "r",
  cell_id: "a",
  state: "running",
  execution_count: 3,
  outputs: [],
  last: null,
  ...more,
});

describe("a cell that runs for another page", () => {
  let cells: Record<string, ReturnType<typeof fakeCell>>;
  let answers: (Answer | null)[];
  let asked: (() => void)[];
  let runs: Runs;
  const answer = (...list: Run[]): Answer => ({ kernel_id: "k", runs: list, wrote: null });
  const texts = (id = "a"): unknown[] => cells[id]!.outputs.list.map((o) => o.text);

  beforeEach(() => {
    cells = { a: fakeCell("a"), b: fakeCell("b") };
    answers = [];
    asked = [];
    runs = new Runs({
      client: () => "me",
      cell: (id) => cells[id] ?? null,
      ask: () => new Promise((done) => asked.push(() => done(answers.shift() ?? null))),
      answered: () => Promise.resolve(),
    });
  });

  async function connect(a: Answer | null): Promise<void> {
    answers.push(a);
    const done = runs.connected();
    asked.shift()!();
    await done;
  }

  it("is shown as running, with what there is, and goes on to its end", async () => {
    await connect(answer(run({ outputs: [stream("one\n")] })));
    expect(cells.a).toMatchObject({ executionState: "running", executionCount: null, trusted: true });
    runs.message(out("r", "two\n"));
    runs.message(out("stranger", "three\n"));
    expect(texts()).toEqual(["one\ntwo\n"]);
    runs.message(idle("r"));
    expect(cells.a).toMatchObject({ executionState: "idle", executionCount: 3 });
    runs.message(out("r", "late\n"));
    expect(texts()).toEqual(["one\ntwo\n"]);
  });

  it("says whether there was an answer, also to who asks meanwhile", async () => {
    const first = runs.connected(), second = runs.connected();
    answers.push(null, answer(run({})));
    asked.shift()!();
    await new Promise((go) => setTimeout(go));
    asked.shift()!();
    expect(await Promise.all([first, second])).toEqual([true, true]);
    const third = runs.connected();
    asked.shift()!();
    expect(await third).toBe(false);
  });

  it("takes each message once, whenever the answer comes", async () => {
    answers.push(answer(run({ outputs: [stream("1 2 3 ")], last: "m3" })));
    const done = runs.connected();
    runs.message(out("r", "2 ", "m2"));
    runs.message(out("r", "3 ", "m3"));
    runs.message(out("r", "4 ", "m4"));
    asked.shift()!();
    await done;
    expect(texts()).toEqual(["1 2 3 4 "]);
  });

  it("leaves out what is still to come but is in the answer", async () => {
    await connect(answer(run({ outputs: [stream("1 2 3 ")], last: "m3" })));
    for (const i of [2, 3, 4]) runs.message(out("r", `${i} `, `m${i}`));
    expect(texts()).toEqual(["1 2 3 4 "]);
  });

  it("leaves out nothing when the last message was seen before the question", async () => {
    runs.message(out("r", "1 ", "m1"));
    await connect(answer(run({ outputs: [stream("1 ")], last: "m1" })));
    runs.message(out("r", "2 ", "m2"));
    expect(texts()).toEqual(["1 2 "]);
  });

  it("asks again at the end when what should have come never came", async () => {
    await connect(answer(run({ outputs: [stream("1 ")], last: "lost" })));
    runs.message(out("r", "2 "));
    answers.push(answer(run({ state: "done", outputs: [stream("1 2 3 ")] })));
    runs.message(idle("r"));
    asked.shift()!();
    await new Promise((done) => setTimeout(done));
    expect(texts()).toEqual(["1 2 3 "]);
    expect(cells.a!.executionState).toBe("idle");
  });

  it("is found when it begins while the notebook is open", async () => {
    await connect(answer());
    runs.message(msg("mine", "execute_input", { execution_count: 1 }, "i1", "me"));
    expect(asked).toHaveLength(0);
    answers.push(answer(run({ state: "running", execution_count: 4 })));
    runs.message(msg("r", "execute_input", { execution_count: 4 }));
    runs.message(out("r", "x"));
    asked.shift()!();
    await new Promise((done) => setTimeout(done));
    expect(texts()).toEqual(["x"]);
    runs.message(idle("r"));
    expect(cells.a!.executionCount).toBe(4);
  });

  it("is shown when it is over before the answer comes, and only then", async () => {
    await connect(answer());
    const over = answer(run({ state: "done", outputs: [stream("quick")] }));
    answers.push(over);
    runs.message(msg("r", "execute_input", { execution_count: 3 }));
    runs.message(out("r", "quick"));
    runs.message(idle("r"));
    asked.shift()!();
    await new Promise((done) => setTimeout(done));
    expect(texts()).toEqual(["quick"]);
    expect(cells.a).toMatchObject({ executionState: "idle", executionCount: 3 });
    cells.a!.outputs.clear(); /* by the user */
    await connect(over);
    expect(texts()).toEqual([]);
  });

  it("is this page's own when this page runs it", async () => {
    runs.sent("r", "a");
    await connect(answer(run({ outputs: [stream("by the page")] })));
    expect(texts()).toEqual([]);
    await connect(answer(run({ msg_id: "r2", cell_id: "b" })));
    expect(cells.b!.executionState).toBe("running");
    runs.sent("r3", "b");
    runs.message(out("r2", "old"));
    expect(texts("b")).toEqual([]);
  });

  it("is set anew after a broken connection, and ends when it ended meanwhile", async () => {
    await connect(answer(run({ outputs: [stream("1 ")] }), run({ msg_id: "q", cell_id: "b", state: "queued", execution_count: null })));
    expect(cells.b).toMatchObject({ executionState: "running", executionCount: null });
    await connect(answer(run({ state: "done", outputs: [stream("1 2 ")] })));
    expect(texts()).toEqual(["1 2 "]);
    expect(cells.a).toMatchObject({ executionState: "idle", executionCount: 3 });
    expect(cells.b).toMatchObject({ executionState: "idle", executionCount: null });
  });

  it("ends with its kernel", async () => {
    await connect(answer(run({})));
    runs.message(msg("", "status", { execution_state: "restarting" }));
    expect(cells.a!.executionState).toBe("idle");
  });

  it("goes on as if it had been seen from the start", async () => {
    const display = (id: string, data: string): Record<string, unknown> => ({ data: { "text/plain": data }, metadata: {}, transient: { display_id: id } });
    await connect(
      answer(
        run({ outputs: [{ output_type: "display_data", data: {} }, stream("10 %")], ids: [["bar", 0]], stream: "stdout", cursor: 0 }),
      ),
    );
    expect(texts()[1]).toBe("10 %\r");
    runs.message(msg("r", "update_display_data", display("bar", "new")));
    expect(cells.a!.outputs.list[0]!.data).toEqual({ "text/plain": "new" });
    runs.message(msg("elsewhere", "update_display_data", display("bar", "newer"), "u", "me"));
    expect(cells.a!.outputs.list[0]!.data).toEqual({ "text/plain": "newer" });
    runs.message(msg("r", "clear_output", { wait: true }));
    expect(cells.a!.outputs.length).toBe(2);
    runs.message(out("r", "after"));
    expect(texts()).toEqual(["after"]);
    runs.message(msg("r", "update_display_data", display("bar", "gone")));
    expect(texts()).toEqual(["after"]);
  });

  it("keeps a clear that waits for the next output", async () => {
    await connect(answer(run({ outputs: [stream("old")], clear: true })));
    expect(texts()).toEqual(["old"]);
    runs.message(out("r", "new"));
    expect(texts()).toEqual(["new"]);
  });
});
