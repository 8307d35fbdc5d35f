// @ts-check
/** The list page: new rows on top as they come, pins, the drawing, and keys. */

import { setUpCompletion } from "./complete.js";
import { feedAddress, newRows, readMessage } from "./feed.js";
import { isChord, isTyping, listAction } from "./keys.js";
import { root, setUpPage } from "./page.js";
import { readPins, writePins } from "./pins.js";
import { makeRow, readRow } from "./row.js";
import { setUpScatter } from "./scatter.js";

const MOST_ROWS = 500;
/** Rows that come together and still light up. */
const MOST_LIT = 10;
/** Pixels from the top within which the list still moves on by itself. */
const AT_TOP = 150;

/** @typedef {import("./types.js").Row} Row */

/**
 * @template {Element} T
 * @param {string} selector
 * @returns {T}
 */
function part(selector) {
  return /** @type {T} */ (document.querySelector(selector));
}

const table = /** @type {HTMLTableElement} */ (part("[data-list]"));
const body = /** @type {HTMLElement} */ (part("[data-rows]"));
const template = /** @type {HTMLTemplateElement} */ (part("[data-row]"));
const divider = /** @type {HTMLTemplateElement} */ (part("[data-row-divider]"));
const live = /** @type {HTMLElement} */ (part("[data-live]"));
const filter = /** @type {HTMLInputElement} */ (part("#q"));
const form = /** @type {HTMLFormElement} */ (part("[data-filter]"));
const pause = /** @type {HTMLButtonElement} */ (part("[data-pause]"));
const pill = /** @type {HTMLButtonElement} */ (part("[data-pill]"));
const pinned = /** @type {HTMLElement} */ (part("[data-pinned]"));
const picked = /** @type {HTMLElement} */ (part("[data-picked]"));
const pinsName = `pins ${root()}`;

const known = new Set([...body.querySelectorAll("[data-id]")].map((row) => idOf(row)));
/** @type {Row[]} rows that wait to be shown, newest first */
let waiting = [];
let added = 0;
/** How many came too fast to be sent, and how many of them since the page last moved on. */
let unseen = 0;
let unseenNew = 0;
let isThinned = false;
let paused = false;
let pickedId = "";

const draw = setUpScatter(root(), choose, () => filter.value);

/** @param {Element} row */
function idOf(row) {
  return row instanceof HTMLElement ? (row.dataset.id ?? "") : "";
}

/** @param {string} q */
function choose(q) {
  filter.value = q;
  form.requestSubmit();
}

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
  pause.hidden = false;
  const source = new EventSource(feedAddress(root(), from, table.dataset.q ?? ""));
  source.addEventListener("open", () => say("on", told()));
  source.addEventListener("traces", (event) => show(/** @type {MessageEvent} */ (event).data));
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) {
      say("off", "Not live: the feed does not answer. Reload to see new requests.");
    }
  });
  addEventListener("pagehide", () => source.close());
  // A page that comes back from the browser's memory has a feed that is closed.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

function told() {
  if (paused) return "Paused";
  const some = unseen ? `${unseen} of them` : "some";
  const gap = isThinned ? `; ${some} came too fast to show, reload for those` : "";
  return added ? `Live, ${added} new${gap}` : "Live";
}

/** @param {string} text of one message */
function show(text) {
  const message = readMessage(text);
  const rows = newRows(message.rows, known);
  for (const row of rows) known.add(row.id);
  waiting = [...rows, ...waiting].slice(0, MOST_ROWS);
  isThinned ||= message.skipped;
  unseen += message.unseen;
  unseenNew += message.unseen;
  if (rows.length) draw(rows);
  if (!paused && scrollY < AT_TOP) addRows();
  else showPill();
}

function showPill() {
  pill.hidden = !waiting.length;
  pill.textContent = `${waiting.length + unseenNew} new`;
}

function addRows() {
  if (!waiting.length) return;
  document.querySelector("[data-empty]")?.remove();
  table.hidden = false;
  added += waiting.length + unseenNew;
  unseenNew = 0;
  const oldest = body.firstElementChild;
  const made = waiting.map((row) => makeRow(template, row, root()));
  tellWorkers(oldest);
  // Each frame of so many lights that fade would draw the whole list.
  if (made.length > MOST_LIT) for (const row of made) row.classList.remove("is-new");
  dress(made);
  body.prepend(...made);
  divide(waiting, oldest);
  waiting = [];
  pill.hidden = true;
  say("on", told());
  trim();
}

/**
 * As soon as a second process answers, each row shows which one did.
 *
 * @param {Element | null} shown a row that is in the list already
 */
function tellWorkers(shown) {
  const first = shown?.querySelector(".c-worker")?.textContent ?? waiting[0]?.worker;
  if (waiting.some((row) => row.worker !== first)) table.removeAttribute("data-one-worker");
}

/**
 * Where the process of a request began to record after the one before had come, the code was
 * loaded anew.
 *
 * @param {Row[]} rows newest first, on the page by now
 * @param {Element | null} oldest the row below them
 */
function divide(rows, oldest) {
  rows.forEach((row, at) => {
    const below = rows[at + 1]?.started ?? oldest?.querySelector("time")?.getAttribute("datetime");
    if (!row.born || !below || below >= row.born) return;
    const line = /** @type {HTMLElement} */ (divider.content.firstElementChild?.cloneNode(true));
    const text = line.querySelector("span");
    if (text) text.textContent = row.restart ?? "";
    body.querySelector(`[data-id="${row.id}"]`)?.after(line);
  });
}

/** Rows that fall off the end leave a gap before the older page, so its link goes, too. */
function trim() {
  if (body.children.length <= MOST_ROWS) return;
  while (body.children.length > MOST_ROWS) body.lastElementChild?.remove();
  document.querySelector("[data-older]")?.remove();
}

// Pins

/** @param {Iterable<Element>} rows whose buttons begin to work, and tell their state */
function dress(rows) {
  const pins = new Set(readPins(pinsName).map((pin) => pin.id));
  for (const row of rows) {
    const id = idOf(row);
    row.querySelector("[data-pin]")?.setAttribute("aria-pressed", String(pins.has(id)));
    row.querySelector("[data-compare]")?.setAttribute("aria-pressed", String(id === pickedId));
    for (const button of row.querySelectorAll(".act")) button.removeAttribute("hidden");
  }
}

function dressAll() {
  dress(document.querySelectorAll("[data-id].row"));
}

function showPins() {
  const pins = readPins(pinsName);
  pinned.replaceChildren(...pins.map((row) => makeRow(template, row, root())));
  for (const row of pinned.children) row.classList.remove("is-new");
  part("[data-pins]").toggleAttribute("hidden", !pins.length);
  dressAll();
}

/** @param {HTMLElement | null} row */
function pin(row) {
  if (!row) return;
  const pins = readPins(pinsName);
  const rest = pins.filter((each) => each.id !== idOf(row));
  writePins(pinsName, rest.length < pins.length ? rest : [readRow(row), ...pins]);
  showPins();
}

/** @param {HTMLElement | null} row one of the two to compare */
function compare(row) {
  if (!row) return;
  if (pickedId && pickedId !== idOf(row)) {
    location.assign(`${root()}/${pickedId}/compare/${idOf(row)}`);
    return;
  }
  pickedId = pickedId ? "" : idOf(row);
  picked.hidden = !pickedId;
  const target = readRow(row);
  picked.textContent = pickedId
    ? `Compare ${target.method} ${target.target} with: choose a second request, or the same one to stop.`
    : "";
  dressAll();
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest(".act") : null;
  const row = /** @type {HTMLElement | null} */ (button?.closest("[data-id]") ?? null);
  if (button?.matches("[data-pin]")) pin(row);
  if (button?.matches("[data-compare]")) compare(row);
});

// Keys

/** @returns {HTMLElement | null} the row with the focus */
function current() {
  return /** @type {HTMLElement | null} */ (document.activeElement?.closest("[data-id]") ?? null);
}

/** @param {number} by */
function moveFocus(by) {
  const links = /** @type {HTMLAnchorElement[]} */ ([
    ...document.querySelectorAll("[data-pinned] .c-path a, [data-rows] .c-path a"),
  ]);
  const row = current();
  const here = links.findIndex((link) => row?.contains(link));
  const first = links.findIndex((link) => body.contains(link));
  const to = here < 0 ? first : Math.min(Math.max(here + by, 0), links.length - 1);
  links[to]?.focus();
  links[to]?.closest("tr")?.scrollIntoView({ block: "nearest" });
}

function togglePause() {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) addRows();
  say(paused ? "paused" : "on", told());
}

function showNews() {
  if (!waiting.length) return;
  addRows();
  scrollTo({ top: 0 });
}

/** @type {Record<string, () => void>} */
const ACTIONS = {
  next: () => moveFocus(1),
  previous: () => moveFocus(-1),
  filter: () => filter.select(),
  pause: () => pause.hidden || togglePause(),
  news: showNews,
  pin: () => pin(current()),
  compare: () => compare(current()),
  older: () => /** @type {HTMLElement | null} */ (document.querySelector("[data-older]"))?.click(),
};

document.addEventListener("keydown", (event) => {
  if (isChord(event) || isTyping(event.target)) return;
  const action = ACTIONS[listAction(event.key) ?? ""];
  if (!action) return;
  event.preventDefault();
  action();
});

pause.addEventListener("click", togglePause);
pill.addEventListener("click", showNews);
addEventListener("scroll", () => !paused && scrollY < AT_TOP && addRows(), { passive: true });

setUpPage();
setUpCompletion(filter, part("[data-offers]"), `${root()}/api/words`);
showPins();
follow();
