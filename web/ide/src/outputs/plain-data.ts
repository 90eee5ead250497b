/* SPDX-License-Identifier: Apache-2.0 */
import type { JsonObject } from "../model/types";

/* Nothing but text is shown of it. */
export const isText = (data: JsonObject): boolean => typeof data["text/plain"] === "string" && Object.keys(data).length === 1;
