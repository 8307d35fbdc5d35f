// @ts-check
/** Sends a recorded request to the app once more, when the reader confirms it. */

import { change } from "./change.js";
import { root } from "./page.js";

export function setUpReplay() {
  for (const item of document.querySelectorAll("[data-replay]")) {
    const button = /** @type {HTMLButtonElement} */ (item);
    button.hidden = false;
    button.addEventListener("click", () => (button.dataset.sure ? send(button) : ask(button)));
  }
}

/** @param {HTMLButtonElement} button */
function ask(button) {
  button.dataset.sure = "yes";
  button.textContent = button.dataset.question ?? "Really?";
}

/** @param {HTMLButtonElement} button */
async function send(button) {
  button.disabled = true;
  button.textContent = "Sending …";
  const id = button.dataset.replay ?? "";
  const answer = await change(`/api/traces/${id}/replay`);
  if (/^[0-9a-f]{32}$/.test(answer.id)) location.assign(`${root()}/${id}/compare/${answer.id}`);
  else button.textContent = answer.error;
}
