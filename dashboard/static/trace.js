// @ts-check
/** The page of one request: walking the stages. */

import { isChord, isTyping } from "./keys.js";
import { walk } from "./lane.js";
import { setUpPage } from "./page.js";

const steps = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("[data-step]")]);
const panels = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-panel]")]);
const said = /** @type {HTMLElement} */ (document.querySelector("[data-said]"));
const names = steps.map((step) => step.dataset.step ?? "");

/** @returns {string} */
function current() {
  return steps.find((step) => step.hasAttribute("aria-current"))?.dataset.step ?? "";
}

/** @param {string} name of the stage to open */
function open(name) {
  for (const step of steps) mark(step, step.dataset.step === name);
  for (const panel of panels) panel.hidden = panel.dataset.panel !== name;
  const address = new URL(location.href);
  address.searchParams.set("stage", name);
  history.replaceState(null, "", address);
  const step = steps.find((each) => each.dataset.step === name);
  said.textContent = step?.innerText.replace(/\s+/g, " ").trim() ?? name;
}

/**
 * @param {HTMLAnchorElement} step
 * @param {boolean} isCurrent
 */
function mark(step, isCurrent) {
  if (!isCurrent) return step.removeAttribute("aria-current");
  step.setAttribute("aria-current", "step");
  // The focus follows only when it is on the lane, so that it is never taken away.
  if (document.activeElement?.closest("[data-lane]")) step.focus({ preventScroll: true });
}

document.addEventListener("keydown", (event) => {
  if (isChord(event) || isTyping(event.target)) return;
  const name = walk(names, current(), event.key);
  const isOnLane = document.activeElement?.closest("[data-lane]");
  if (!name || (!event.key.startsWith("Arrow") && !isOnLane)) return;
  event.preventDefault();
  open(name);
});

for (const step of steps) {
  step.addEventListener("click", (event) => {
    if (isChord(event) || event.shiftKey) return;
    event.preventDefault();
    open(step.dataset.step ?? "");
  });
}

setUpPage();
