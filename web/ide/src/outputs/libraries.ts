/* SPDX-License-Identifier: Apache-2.0 */
/* What draws in a frame, fetched once as text: a frame has no origin and so no cookie to fetch it with. */
import names from "virtual:frame-libraries";
import { address } from "../kernel/api";
import type { FrameKind } from "./protocol";

const fetched = new Map<string, Promise<string>>();

export async function libraries(kind: FrameKind): Promise<string[]> {
  const name = names[kind];
  if (!name) return [];
  let text = fetched.get(name);
  if (!text) {
    text = fetch(address(`ide/${name}`), { credentials: "same-origin" }).then((r) => {
      if (!r.ok) throw new Error(`${r.status} ${r.statusText}`);
      return r.text();
    });
    text.catch(() => fetched.delete(name));
    fetched.set(name, text);
  }
  return [await text];
}
