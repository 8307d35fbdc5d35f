// @ts-check
/** Sets the theme that the reader has chosen, before anything is drawn; so no module. */

(() => {
  try {
    const chosen = localStorage.getItem("flasktrace.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // Without storage the system's theme stays.
  }
})();
