/* SPDX-License-Identifier: Apache-2.0 */
/* The console's address: the session's host is `<label>.<console's host>`. Stand-alone there is none. */
import { session } from "../page";

export function consoleAddress(): string | null {
  if (!session) return null;
  const host = location.host.replace(/^[a-z0-9]{26}\./, "");
  return host === location.host ? null : `${location.protocol}//${host}/`;
}
