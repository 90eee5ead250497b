/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module-federation container, by hand: JupyterLab calls init() with the modules that it shares, then
 * get("./extension"). We take its copies of what we need and bring none of our own, so the build has no
 * bundler runtime and cannot disagree with the page about a class.
 */
import { makeFastStart } from "./faststart";
import type { Shared } from "./jupyter";
import { makeNotebooks } from "./notebooks";
import { makeNotices } from "./notices";
import { makePlugin } from "./plugin";

interface SharedVersion {
  get(): Promise<() => unknown>;
  loaded?: unknown;
}

type Scope = Record<string, Record<string, SharedVersion>>;

interface Container {
  init(scope: Scope): Promise<void>;
  get(module: string): Promise<() => unknown>;
}

let scope: Scope | null = null;

function newer(a: string, b: string): number {
  const [x, y] = [a, b].map((v) => v.split(/[.+-]/).map((n) => Number(n) || 0)) as [number[], number[]];
  for (let i = 0; i < 3; i++) if ((x[i] ?? 0) !== (y[i] ?? 0)) return (y[i] ?? 0) - (x[i] ?? 0);
  return 0;
}

/* A module that the page has loaded already is the one everybody else uses; else the newest. */
async function take<K extends keyof Shared>(name: K): Promise<Shared[K]> {
  const all = scope?.[name] ?? {};
  const versions = Object.keys(all).sort(newer);
  const best = versions.find((v) => all[v]!.loaded) ?? versions[0];
  if (!best) throw new Error(`JupyterLab does not share ${name}`);
  return (await all[best]!.get())() as Shared[K];
}

const container: Container = {
  init(shared) {
    scope ??= shared;
    return Promise.resolve();
  },
  async get(module) {
    if (module !== "./extension") throw new Error(`there is no module ${module}`);
    const shared: Shared = {
      "@jupyterlab/application": await take("@jupyterlab/application"),
      "@jupyterlab/apputils": await take("@jupyterlab/apputils"),
      "@jupyterlab/notebook": await take("@jupyterlab/notebook"),
      "@jupyterlab/settingregistry": await take("@jupyterlab/settingregistry"),
      "@jupyterlab/statusbar": await take("@jupyterlab/statusbar"),
      "@lumino/polling": await take("@lumino/polling"),
      "@lumino/widgets": await take("@lumino/widgets"),
    };
    return () => ({ __esModule: true, default: [makeFastStart(shared), makePlugin(shared), makeNotebooks(shared), makeNotices(shared)] });
  },
};

const page = globalThis as { _JUPYTERLAB?: Record<string, Container> };
(page._JUPYTERLAB ??= {})["@carrel/labextension"] = container;
