/* SPDX-License-Identifier: Apache-2.0 */
import { describe, expect, it } from "vitest";
import { defaults, offered } from "./defaults";
import type { Image } from "./model";

const image = (id: string, name: string): Image => ({ id, name, description: "", digest: "", size_bytes: 1, ready: true });

describe("images of a form", () => {
  const images = [image("default-1", "default"), image("gpu-1", "gpu"), image("default-2", "default")];

  it("offers the default and other names, not the older one of the default's name", () => {
    const chosen = images[2];
    expect(offered(images, chosen).map((i) => i.id)).toEqual(["gpu-1", "default-2"]);
  });

  it("offers all when there is no default", () => {
    expect(offered(images, undefined)).toHaveLength(3);
    expect(defaults([], []).image).toBeUndefined();
  });
});
