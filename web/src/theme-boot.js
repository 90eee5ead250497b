/* SPDX-License-Identifier: Apache-2.0 */
/* Runs before the first paint: the theme that was chosen in this browser, else the system's wish. */
(function () {
  try {
    var kept = localStorage.getItem("carrel.theme");
    if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
  } catch (e) {
    /* without storage the system decides */
  }
})();
