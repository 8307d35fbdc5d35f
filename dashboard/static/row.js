// @ts-check
/** A row of the list, made from the page's own template and plain text. */

import { showLocalTimes } from "./page.js";

/**
 * @param {HTMLTemplateElement} template
 * @param {import("./types.js").Row} row
 * @param {string} root path of the dashboard
 * @returns {HTMLElement}
 */
export function makeRow(template, row, root) {
  const made = /** @type {HTMLElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
  made.dataset.id = row.id;
  made.dataset.born = row.born;
  made.dataset.ns = String(row.ns);
  made.classList.add("is-new");
  write(made, ".c-method", row.method);
  write(made, ".c-endpoint", row.endpoint);
  write(made, ".c-worker", row.worker);
  write(made, ".c-duration", row.duration);
  write(made, ".verdict-line", row.verdict);
  write(made, ".c-path a", row.target).setAttribute("href", `${root}/${row.id}`);
  write(made, ".status", row.status).setAttribute("class", `status status-${row.status_class}`);
  write(made, "time", row.clock).setAttribute("datetime", row.started);
  drawMarks(find(made, ".marks"), row.marks);
  drawBar(find(made, ".bar"), row.bar);
  showLocalTimes(made);
  return made;
}

/**
 * @param {HTMLElement} made a row of the page
 * @returns {import("./types.js").Row} what it shows
 */
export function readRow(made) {
  const text = (/** @type {string} */ selector) => find(made, selector).textContent ?? "";
  const numbers = (/** @type {Element} */ piece, /** @type {string} */ name) =>
    Number(piece.getAttribute(name));
  return {
    id: made.dataset.id ?? "",
    started: find(made, "time").getAttribute("datetime") ?? "",
    clock: text("time"),
    method: text(".c-method"),
    target: text(".c-path a"),
    endpoint: text(".c-endpoint"),
    status: text(".status"),
    status_class: find(made, ".status").className.replace(/.*status-/, ""),
    duration: text(".c-duration"),
    ns: Number(made.dataset.ns),
    worker: text(".c-worker"),
    born: made.dataset.born ?? "",
    verdict: text(".verdict-line"),
    marks: [...made.querySelectorAll(".mark")].map((mark) => mark.textContent ?? ""),
    bar: [...made.querySelectorAll(".bar rect")].map((piece) => [
      (piece.getAttribute("class") ?? "").replace("s-", ""),
      numbers(piece, "x"),
      numbers(piece, "width"),
    ]),
  };
}

/**
 * @param {Element} marks
 * @param {string[]} texts
 */
function drawMarks(marks, texts) {
  const pattern = find(marks, ".mark");
  marks.replaceChildren(...texts.map((text) => withText(pattern, text)));
}

/**
 * @param {Element} bar
 * @param {[string, number, number][]} pieces
 */
function drawBar(bar, pieces) {
  const pattern = find(bar, "rect");
  bar.replaceChildren(...pieces.map((piece) => drawPiece(pattern, piece)));
}

/**
 * @param {Element} pattern
 * @param {[string, number, number]} piece
 * @returns {Element}
 */
function drawPiece(pattern, [stage, x, width]) {
  const piece = /** @type {Element} */ (pattern.cloneNode(true));
  piece.setAttribute("class", `s-${stage}`);
  piece.setAttribute("x", String(x));
  piece.setAttribute("width", String(width));
  return piece;
}

/**
 * @param {Element} made
 * @param {string} selector
 * @param {string} text
 * @returns {Element}
 */
function write(made, selector, text) {
  const place = find(made, selector);
  place.textContent = text;
  if (place.hasAttribute("title")) place.setAttribute("title", text);
  return place;
}

/**
 * @param {Element} pattern
 * @param {string} text
 * @returns {Element}
 */
function withText(pattern, text) {
  const copy = /** @type {Element} */ (pattern.cloneNode(true));
  copy.textContent = text;
  return copy;
}

/**
 * @param {Element} part
 * @param {string} selector
 * @returns {Element}
 */
function find(part, selector) {
  const found = part.querySelector(selector);
  if (!found) throw new Error(`The row template has no ${selector}.`);
  return found;
}
