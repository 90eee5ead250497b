/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 at once: the browser's own is asynchronous, and there is none on plain http. FIPS 180-4. */

const K = new Uint32Array(64), START = new Uint32Array(8);

/* Fractional parts of roots of the first primes. */
function constants(): void {
  let n = 0;
  for (let p = 2; n < 64; p++) {
    let prime = true;
    for (let d = 2; d * d <= p; d++) if (p % d === 0) prime = false;
    if (!prime) continue;
    if (n < 8) START[n] = Math.floor((Math.sqrt(p) % 1) * 2 ** 32);
    K[n++] = Math.floor((Math.cbrt(p) % 1) * 2 ** 32);
  }
}

const turn = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

function block(h: Uint32Array, w: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const a = w[i - 15]!, b = w[i - 2]!;
    w[i] = w[i - 16]! + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + w[i - 7]! + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10));
  }
  let [a, b, c, d, e, f, g, k] = h as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const t1 = (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
    const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    k = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, k].forEach((x, i) => (h[i] = h[i]! + x));
}

export function sha256(text: string): string {
  if (!K[0]) constants();
  const bytes = new TextEncoder().encode(text), blocks = (bytes.length + 8 + 64) >> 6;
  const h = START.slice(), w = new Uint32Array(64);
  for (let n = 0; n < blocks; n++) {
    for (let i = 0; i < 16; i++) {
      let x = 0;
      for (let j = 0; j < 4; j++) {
        const at = n * 64 + i * 4 + j;
        x = (x << 8) | (at < bytes.length ? bytes[at]! : at === bytes.length ? 0x80 : 0);
      }
      w[i] = x;
    }
    if (n === blocks - 1) {
      w[14] = Math.floor(bytes.length / 2 ** 29);
      w[15] = bytes.length * 8;
    }
    block(h, w);
  }
  return [...h].map((x) => x.toString(16).padStart(8, "0")).join("");
}
