// @ts-check
/** Removes all requests, once the reader has said so. */

import { change } from "./change.js";
import { root, setUpPage } from "./page.js";

const button = /** @type {HTMLButtonElement} */ (document.querySelector("[data-clear]"));
const told = /** @type {HTMLElement} */ (document.querySelector("[data-told]"));

button.hidden = false;
button.addEventListener("click", async () => {
  button.disabled = true;
  const answer = await change("/api/clear");
  if (answer.error) told.textContent = answer.error;
  else location.assign(`${root()}/`);
});

setUpPage();
