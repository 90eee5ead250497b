/* SPDX-License-Identifier: Apache-2.0 */
declare module "virtual:frame-libraries" {
  /* By kind: the file below <base>ide/. */
  const names: Record<string, string>;
  export default names;
}
