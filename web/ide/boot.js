/* SPDX-License-Identifier: Apache-2.0 */
/* Runs before the first paint, after theme-boot.js: what of the page's shape is known already (index.html, shell.css). */
(function () {
  var said = document.documentElement.dataset;
  try {
    if (localStorage.getItem("carrel.ide.left") === "0") said.left = "false";
    if (localStorage.getItem("carrel.ide.right") === "0") said.right = "false";
  } catch (e) {
    /* without storage both sides are shown */
  }
  if (/\/ide\/./.test(location.pathname) || /[?&]path=./.test(location.search)) said.file = "true";
})();
