// @ts-check
/** The page of one request: walking its stages and calls, and what can be done with it. */

import { copyFrom } from "./copy.js";
import { isChord, isTyping } from "./keys.js";
import { walk } from "./lane.js";
import { setUpPage } from "./page.js";
import { setUpReplay } from "./replay.js";

const steps = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("[data-step]")]);
const panels = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-panel]")]);
const said = /** @type {HTMLElement} */ (document.querySelector("[data-said]"));
const stops = steps.flatMap((step) => {
  const stage = step.dataset.step ?? "";
  return [{ stage, call: "" }, ...calls(stage).map((item) => ({ stage, call: item.dataset.call ?? "" }))];
});
let current = { stage: steps.find((step) => step.hasAttribute("aria-current"))?.dataset.step ?? "", call: "" };

/**
 * @param {string} stage
 * @returns {HTMLElement[]} the calls in its panel
 */
function calls(stage) {
  const panel = panels.find((item) => item.dataset.panel === stage);
  return panel ? [...panel.querySelectorAll("[data-call]")].map((item) => /** @type {HTMLElement} */ (item)) : [];
}

/** @param {import("./lane.js").Stop} stop to open */
function open(stop) {
  current = stop;
  for (const step of steps) mark(step, step.dataset.step === stop.stage);
  for (const panel of panels) panel.hidden = panel.dataset.panel !== stop.stage;
  const call = calls(stop.stage).find((item) => item.dataset.call === stop.call);
  for (const item of document.querySelectorAll("[data-call].is-here")) item.classList.remove("is-here");
  call?.classList.add("is-here");
  call?.scrollIntoView({ block: "nearest" });
  showStack(stop, call);
  remember(stop);
  const words = call ?? steps.find((step) => step.dataset.step === stop.stage);
  said.textContent = words?.innerText.replace(/\s+/g, " ").trim() ?? stop.stage;
}

/**
 * The context stack as it was when *call* was over: what came later is dimmed, what it did is lit.
 *
 * @param {import("./lane.js").Stop} stop
 * @param {HTMLElement | undefined} call
 */
function showStack(stop, call) {
  const panel = panels.find((item) => item.dataset.panel === stop.stage);
  const end = call ? Number(call.dataset.end) : Infinity;
  for (const entry of panel?.querySelectorAll("[data-at]") ?? []) {
    const { at, by } = /** @type {HTMLElement} */ (entry).dataset;
    const isOwn = call !== undefined && by === stop.call;
    entry.classList.toggle("is-lit", isOwn);
    entry.classList.toggle("is-later", !isOwn && Number(at) > end);
  }
  const note = panel?.querySelector("[data-instant]");
  if (note) note.textContent = call ? "when this call was over" : note.getAttribute("data-instant");
}

/** @param {import("./lane.js").Stop} stop */
function remember(stop) {
  const address = new URL(location.href);
  address.searchParams.set("stage", stop.stage);
  if (stop.call) address.searchParams.set("call", stop.call);
  else address.searchParams.delete("call");
  history.replaceState(null, "", address);
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

/** @param {KeyboardEvent} event */
function move(event) {
  const stop = walk(stops, current, event.key, event.shiftKey);
  const isOnLane = document.activeElement?.closest("[data-lane]");
  if (!stop || (!event.key.startsWith("Arrow") && !isOnLane)) return;
  event.preventDefault();
  open(stop);
}

/** @param {HTMLElement | null} link that a key stands for */
function press(link) {
  link?.click();
}

/** @type {Record<string, () => void>} */
const KEYS = {
  y: () => press(document.querySelector("[data-copy=curl]")),
  c: () => press(document.querySelector("[data-compare]")),
  e: () => press(document.querySelector(".is-here .source-link") ?? document.querySelector("[data-panel]:not([hidden]) .source-link")),
};

document.addEventListener("keydown", (event) => {
  if (isChord(event) || isTyping(event.target)) return;
  const act = event.shiftKey ? undefined : KEYS[event.key];
  if (act) act();
  else move(event);
});

for (const step of steps) {
  step.addEventListener("click", (event) => {
    if (isChord(event) || event.shiftKey) return;
    event.preventDefault();
    open({ stage: step.dataset.step ?? "", call: "" });
  });
}

for (const item of document.querySelectorAll("[data-call]")) {
  const call = /** @type {HTMLElement} */ (item);
  const stage = /** @type {HTMLElement | null} */ (call.closest("[data-panel]"))?.dataset.panel ?? "";
  call.addEventListener("click", (event) => {
    if (!(/** @type {Element} */ (event.target)).closest("a")) open({ stage, call: call.dataset.call ?? "" });
  });
}

for (const link of document.querySelectorAll("[data-copy]")) {
  link.addEventListener("click", (event) => copyFrom(/** @type {HTMLAnchorElement} */ (link), event, said));
}

const asked = new URL(location.href).searchParams.get("call");
if (asked && calls(current.stage).some((item) => item.dataset.call === asked)) {
  open({ stage: current.stage, call: asked });
}
setUpReplay();
setUpPage();
