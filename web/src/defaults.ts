/* SPDX-License-Identifier: Apache-2.0 */
/* What a form starts with. The server's limits win; until it says them, those that are shipped hold. */
import { parseMicro } from "./lib/money";
import { GB } from "./lib/size";
import { live } from "./live";
import type { Image, InstanceType } from "./model";

export interface Limits {
  auto_stop_default_seconds: number;
  auto_stop_min_seconds: number;
  auto_stop_max_seconds: number;
  session_max_seconds: number;
  deleted_kept_seconds: number;
  storage_default_bytes: number;
  storage_min_bytes: number;
  storage_max_bytes: number;
  default_type: string;
  default_image: string;
}

const SHIPPED: Limits = {
  auto_stop_default_seconds: 3600,
  auto_stop_min_seconds: 60,
  auto_stop_max_seconds: 24 * 3600,
  session_max_seconds: 12 * 3600,
  deleted_kept_seconds: 0,
  storage_default_bytes: 5 * GB,
  storage_min_bytes: GB / 4,
  storage_max_bytes: 100 * GB,
  default_type: "small",
  default_image: "default",
};

export function limits(): Limits {
  return { ...SHIPPED, ...live.get().me?.limits };
}

export function mayUse(x: InstanceType): boolean {
  return x.allowed !== false;
}

/* Those that the plan has not come last. */
export function cheapestFirst(types: InstanceType[]): InstanceType[] {
  return [...types].sort((a, b) => {
    if (mayUse(a) !== mayUse(b)) return mayUse(a) ? -1 : 1;
    const d = (parseMicro(a.price_per_hour) ?? 0n) - (parseMicro(b.price_per_hour) ?? 0n);
    return d < 0n ? -1 : d > 0n ? 1 : a.cpu - b.cpu;
  });
}

/* A recipe that changed leaves its older image for the workspaces that are on it: the form offers the newest only. */
export function offered(images: Image[], chosen: Image | undefined): Image[] {
  return images.filter((i) => i === chosen || i.name !== chosen?.name);
}

export interface Defaults {
  type: InstanceType | undefined;
  image: Image | undefined;
  storage_bytes: number;
  auto_stop_seconds: number;
}

export function defaults(types: InstanceType[], images: Image[]): Defaults {
  const l = limits();
  return {
    type: types.find((x) => x.id === l.default_type && x.available) ?? types.find((x) => x.available && mayUse(x)) ?? types[0],
    image: images.find((i) => i.id === l.default_image) ?? images.find((i) => i.name === l.default_image) ?? images.find((i) => i.ready) ?? images[0],
    storage_bytes: l.storage_default_bytes,
    auto_stop_seconds: l.auto_stop_default_seconds,
  };
}
