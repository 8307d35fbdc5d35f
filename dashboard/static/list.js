// @ts-check
/** The list page: new rows on top as they come, and keys. */

import { feedAddress, newRows, readMessage } from "./feed.js";
import { isChord, isTyping, listAction } from "./keys.js";
import { root, setUpPage } from "./page.js";
import { makeRow } from "./row.js";

const MOST_ROWS = 1000;

const table = /** @type {HTMLTableElement} */ (document.querySelector("[data-list]"));
const body = /** @type {HTMLElement} */ (document.querySelector("[data-rows]"));
const template = /** @type {HTMLTemplateElement} */ (document.querySelector("[data-row]"));
const live = /** @type {HTMLElement} */ (document.querySelector("[data-live]"));
const filter = /** @type {HTMLInputElement} */ (document.querySelector("#q"));

const known = new Set([...body.children].map((row) => /** @type {HTMLElement} */ (row).dataset.id ?? ""));
let added = 0;

/**
 * @param {string} state names the look
 * @param {string} text
 */
function say(state, text) {
  if (live.textContent !== text) live.textContent = text;
  live.dataset.state = state;
}

function follow() {
  const from = table.dataset.liveFrom;
  if (!from) return;
  const source = new EventSource(feedAddress(root(), from, table.dataset.q ?? ""));
  source.addEventListener("open", () => say("on", "Live"));
  source.addEventListener("traces", (event) => show(/** @type {MessageEvent} */ (event).data));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      say("off", "Not live: the feed does not answer. Reload to see new requests.");
    }
  });
  addEventListener("pagehide", () => source.close());
}

/** @param {string} text of one message */
function show(text) {
  const message = readMessage(text);
  const rows = newRows(message.rows, known);
  if (rows.length) addRows(rows);
  if (message.skipped) say("on", "Live; too many to show all. Reload for the rest.");
}

/** @param {import("./types.js").Row[]} rows */
function addRows(rows) {
  document.querySelector("[data-empty]")?.remove();
  table.hidden = false;
  for (const row of rows) known.add(row.id);
  body.prepend(...rows.map((row) => makeRow(template, row, root())));
  added += rows.length;
  say("on", `Live, ${added} new`);
  trim();
}

/** Rows that fall off the end leave a gap before the older page, so its link goes, too. */
function trim() {
  if (body.children.length <= MOST_ROWS) return;
  while (body.children.length > MOST_ROWS) body.lastElementChild?.remove();
  document.querySelector("[data-older]")?.remove();
}

/** @param {number} by */
function moveFocus(by) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...body.querySelectorAll(".c-path a")]);
  const here = links.findIndex((link) => link === document.activeElement);
  const to = here < 0 ? 0 : Math.min(Math.max(here + by, 0), links.length - 1);
  links[to]?.focus();
  links[to]?.closest("tr")?.scrollIntoView({ block: "nearest" });
}

/** @type {Record<string, () => void>} */
const ACTIONS = {
  next: () => moveFocus(1),
  previous: () => moveFocus(-1),
  filter: () => filter.select(),
};

document.addEventListener("keydown", (event) => {
  if (isChord(event) || isTyping(event.target)) return;
  const action = ACTIONS[listAction(event.key) ?? ""];
  if (!action) return;
  event.preventDefault();
  action();
});

setUpPage();
follow();
