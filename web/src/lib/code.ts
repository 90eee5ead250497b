/* SPDX-License-Identifier: Apache-2.0 */
/* Codes are typed from another window: small letters and a missing dash are no mistake. */
export function tidyCode(text: string): string {
  const plain = text.toUpperCase().replace(/[^A-Z0-9]/g, "");
  return plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4, 8)}` : plain;
}
