/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a kernel's widget models one view needs. */
const REFERENCE = /^IPY_MODEL_(.+)$/;

/* The model and all that it names, however deep. */
export function reachable(model: string, of: (id: string) => unknown): string[] {
  const found = new Set<string>();
  const look = (v: unknown): void => {
    if (typeof v === "string") {
      const id = REFERENCE.exec(v)?.[1];
      if (id) visit(id);
    } else if (Array.isArray(v)) {
      v.forEach(look);
    } else if (typeof v === "object" && v !== null) {
      Object.values(v).forEach(look);
    }
  };
  const visit = (id: string): void => {
    if (found.has(id)) return;
    const state = of(id);
    if (!state) return;
    found.add(id);
    look(state);
  };
  visit(model);
  return [...found];
}
