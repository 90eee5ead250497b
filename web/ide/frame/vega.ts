/* SPDX-License-Identifier: Apache-2.0 */
import embed, { type VisualizationSpec } from "vega-embed";

window.carrelVega = async (el, spec, dark) => {
  /* The address of a data file is on another origin than this frame's none: only what the notebook holds is drawn. */
  const { view } = await embed(el, spec as VisualizationSpec, {
    actions: { export: true, source: false, compiled: false, editor: false },
    theme: dark ? "dark" : undefined,
    tooltip: true,
    config: { background: "transparent" },
  });
  addEventListener("resize", () => void view.resize().runAsync());
};
