// @ts-check
/** Pages of rows that are read from top to bottom: j and k go from one to the next. */

import { isChord, isTyping, listAction } from "./keys.js";
import { setUpPage } from "./page.js";

document.addEventListener("keydown", (event) => {
  if (isChord(event) || isTyping(event.target)) return;
  const by = { next: 1, previous: -1 }[listAction(event.key) ?? ""];
  const stops = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-stop]")]);
  if (!by || !stops.length) return;
  event.preventDefault();
  const here = stops.findIndex((stop) => stop === document.activeElement);
  const to = here < 0 ? 0 : Math.min(Math.max(here + by, 0), stops.length - 1);
  stops[to]?.focus();
});

setUpPage();
