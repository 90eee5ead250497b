/* SPDX-License-Identifier: Apache-2.0 */
export { rendered, setFormulas } from "../view/markdown";
export { Rich } from "./rich";
