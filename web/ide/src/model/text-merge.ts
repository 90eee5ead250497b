/* SPDX-License-Identifier: Apache-2.0 */
/* Three-way merge by lines, as diff3 does it. */

/* Runs of equal lines: a[i..i+n) is b[j..j+n). Myers' algorithm; beyond so many differences the middle counts as changed. */
export function matches(a: readonly string[], b: readonly string[], most = 2000): { i: number; j: number; n: number }[] {
  let head = 0, tail = 0;
  const short = Math.min(a.length, b.length);
  while (head < short && a[head] === b[head]) head++;
  while (tail < short - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const runs: { i: number; j: number; n: number }[] = [];
  const add = (i: number, j: number, n: number): void => {
    const last = runs[runs.length - 1];
    if (!n) return;
    if (last && last.i + last.n === i && last.j + last.n === j) last.n += n;
    else runs.push({ i, j, n });
  };
  add(0, 0, head);
  for (const [i, j] of middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), most)) add(head + i, head + j, 1);
  add(a.length - tail, b.length - tail, tail);
  return runs;
}

function middle(a: readonly string[], b: readonly string[], most: number): [number, number][] {
  const n = a.length, m = b.length, max = Math.min(n + m, most), off = max + 1;
  if (!n || !m) return [];
  const v = new Int32Array(2 * max + 3), trace: Int32Array[] = [];
  for (let d = 0; d <= max; d++) {
    trace.push(v.slice(off - d - 1, off + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && v[off + k - 1]! < v[off + k + 1]!) ? v[off + k + 1]! : v[off + k - 1]! + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x++;
      v[off + k] = x;
      if (x >= n && x - k >= m) return back(trace, d, n, m);
    }
  }
  return [];
}

function back(trace: Int32Array[], d: number, n: number, m: number): [number, number][] {
  const out: [number, number][] = [];
  let x = n, y = m;
  for (; d >= 0; d--) {
    const v = trace[d]!, at = (k: number): number => v[k + d + 1]!;
    const k = x - y, prev = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const px = d === 0 ? 0 : at(prev), py = d === 0 ? 0 : px - prev;
    while (x > px && y > py) out.push([--x, --y]);
    x = px;
    y = py;
  }
  return out.reverse();
}

const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/* null: both changed the same lines, differently. */
export function mergeText(base: string, mine: string, theirs: string): string | null {
  if (mine === theirs || theirs === base) return mine;
  if (mine === base) return theirs;
  const o = lines(base), a = lines(mine), b = lines(theirs);
  const inA = stable(o, a), inB = stable(o, b);
  const out: string[] = [];
  let i = 0, ia = 0, ib = 0;
  while (i < o.length || ia < a.length || ib < b.length) {
    if (i < o.length && inA[i] === ia && inB[i] === ib) {
      out.push(o[i]!);
      i++; ia++; ib++;
      continue;
    }
    /* Up to the next line that all three have. */
    let next = i;
    while (next < o.length && (inA[next]! < ia || inB[next]! < ib)) next++;
    const ea = next < o.length ? inA[next]! : a.length, eb = next < o.length ? inB[next]! : b.length;
    const po = o.slice(i, next).join(""), pa = a.slice(ia, ea).join(""), pb = b.slice(ib, eb).join("");
    if (pa === pb || pb === po) out.push(pa);
    else if (pa === po) out.push(pb);
    else return null;
    i = next; ia = ea; ib = eb;
  }
  return out.join("");
}

/* Where each line of the base stands in the other; -1: it does not. */
function stable(base: readonly string[], other: readonly string[]): Int32Array {
  const at = new Int32Array(base.length).fill(-1);
  for (const r of matches(base, other)) for (let k = 0; k < r.n; k++) at[r.i + k] = r.j + k;
  return at;
}
