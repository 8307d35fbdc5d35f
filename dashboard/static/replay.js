// @ts-check
/** Sends a recorded request to the app once more, when the reader confirms it. */

import { root } from "./page.js";

export function setUpReplay() {
  for (const button of document.querySelectorAll("[data-replay]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", () => ask(/** @type {HTMLButtonElement} */ (button)));
  }
}

/** @param {HTMLButtonElement} button */
async function ask(button) {
  if (button.dataset.sure !== "yes") {
    button.dataset.sure = "yes";
    button.textContent = button.dataset.question ?? "Really?";
    return;
  }
  button.disabled = true;
  button.textContent = "Sending …";
  const id = button.dataset.replay ?? "";
  const answer = await fetch(`${root()}/${id}/replay`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Flasktrace": "1",
      "X-Flasktrace-Token": document.body.dataset.csrf ?? "",
    },
    body: JSON.stringify({ confirm: true }),
  });
  const data = await answer.json();
  if (answer.ok && /^[0-9a-f]{32}$/.test(data.id)) location.assign(`${root()}/${id}/compare/${data.id}`);
  else button.textContent = String(data.error ?? "That did not work.");
}
