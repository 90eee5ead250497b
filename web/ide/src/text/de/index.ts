/* SPDX-License-Identifier: Apache-2.0 */
import type { Words } from "../index";
import { run } from "./run";
import { shell } from "./shell";
import { view } from "./view";

export const de: Words = { shell, view, run };
