// @ts-check
/** The drawing above the list: new points as they come, a link from each, and the brush. */

import { durationAt, placeOf, timeAt, withRange } from "./scale.js";

const MOST = 300;
/** Pixels below which a drag is a click. */
const CLICK = 5;
/** @type {Record<string, string>} */
const SHAPES = { "3xx": "ring", "4xx": "corner", "5xx": "cross", none: "cross" };

/**
 * @param {string} root path of the dashboard
 * @param {(q: string) => void} choose called with the filter that a brush asks for
 * @param {() => string} filter what is in the box
 * @returns {(rows: import("./types.js").Row[]) => void} draws new rows
 */
export function setUpScatter(root, choose, filter) {
  const figure = /** @type {HTMLElement | null} */ (document.querySelector("[data-scatter]"));
  if (!figure) return () => {};
  const plot = /** @type {SVGSVGElement} */ (figure.querySelector("[data-plot] > svg"));
  const dots = /** @type {SVGGElement} */ (figure.querySelector("[data-dots]"));
  const brush = /** @type {SVGRectElement} */ (figure.querySelector("[data-brush]"));
  const data = figure.dataset;
  const scale = {
    first: Number(data.first),
    last: Number(data.last),
    low: Number(data.low),
    high: Number(data.high),
  };
  setUpBrush(plot, brush, scale, (times, durations, target) => {
    if (durations) return choose(withRange(filter(), times, durations));
    const id = target instanceof SVGElement ? target.dataset.dot : undefined;
    if (id && /^[0-9a-f]{32}$/.test(id)) location.assign(`${root}/${id}`);
  });
  figure.dataset.ready = "";
  return (rows) => add(dots, rows, scale, figure);
}

/**
 * @param {SVGGElement} dots
 * @param {import("./types.js").Row[]} rows newest first
 * @param {import("./types.js").Scale} scale
 * @param {HTMLElement} figure
 */
function add(dots, rows, scale, figure) {
  const pattern = dots.lastElementChild;
  if (!pattern) return;
  for (const row of [...rows].reverse()) {
    const made = /** @type {SVGElement} */ (pattern.cloneNode());
    made.setAttribute("href", `#dot-${SHAPES[row.status_class] ?? "round"}`);
    made.setAttribute("class", `dot dot-${row.status_class}`);
    made.dataset.dot = row.id;
    made.dataset.t = String(Date.parse(row.started) * 1000);
    made.dataset.d = String(row.ns);
    dots.append(made);
  }
  while (dots.children.length > MOST) dots.firstElementChild?.remove();
  const all = /** @type {SVGElement[]} */ ([...dots.children]);
  const times = all.map((dot) => Number(dot.dataset.t)).filter(Number.isFinite);
  scale.first = Math.min(...times);
  scale.last = Math.max(...times, scale.first + 1);
  for (const dot of all) {
    const place = placeOf({ at: Number(dot.dataset.t), ns: Number(dot.dataset.d) }, scale);
    dot.setAttribute("x", `${place.x.toFixed(2)}%`);
    dot.setAttribute("y", `${place.y.toFixed(2)}%`);
  }
  tell(figure, ".scatter-from time", scale.first);
  tell(figure, ".scatter-to time", scale.last);
}

/**
 * @param {HTMLElement} figure
 * @param {string} selector
 * @param {number} microseconds
 */
function tell(figure, selector, microseconds) {
  const time = figure.querySelector(selector);
  if (!(time instanceof HTMLTimeElement)) return;
  time.dateTime = new Date(microseconds / 1000).toISOString();
  time.textContent = new Date(microseconds / 1000).toTimeString().slice(0, 8);
}

/**
 * @param {SVGSVGElement} plot
 * @param {SVGRectElement} brush
 * @param {import("./types.js").Scale} scale
 * @param {(times: [number, number], durations: [number, number] | null, target: EventTarget | null) => void} done
 */
function setUpBrush(plot, brush, scale, done) {
  /** @type {{x: number, y: number, target: EventTarget | null} | null} */
  let from = null;
  const at = (/** @type {PointerEvent} */ event) => {
    const box = plot.getBoundingClientRect();
    const x = Math.min(Math.max(event.clientX - box.left, 0), box.width);
    const y = Math.min(Math.max(event.clientY - box.top, 0), box.height);
    return { x, y, width: box.width, height: box.height };
  };
  const stop = () => {
    from = null;
    brush.setAttribute("visibility", "hidden");
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = { ...at(event), target: event.target };
    plot.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => {
    if (!from) return;
    const to = at(event);
    brush.setAttribute("x", String(Math.min(from.x, to.x)));
    brush.setAttribute("y", String(Math.min(from.y, to.y)));
    brush.setAttribute("width", String(Math.abs(from.x - to.x)));
    brush.setAttribute("height", String(Math.abs(from.y - to.y)));
    brush.setAttribute("visibility", "visible");
  });
  plot.addEventListener("pointerup", (event) => {
    if (!from) return;
    const to = at(event);
    const start = from;
    stop();
    if (Math.hypot(start.x - to.x, start.y - to.y) < CLICK) return done([0, 0], null, start.target);
    const xs = [start.x / to.width, to.x / to.width].sort((a, b) => a - b);
    const ys = [start.y / to.height, to.y / to.height].sort((a, b) => a - b);
    done(
      [timeAt(xs[0] ?? 0, scale), timeAt(xs[1] ?? 1, scale)],
      // What lies above or below the drawing belongs to its edge.
      [(ys[1] ?? 1) >= 1 ? 0 : durationAt(ys[1] ?? 1, scale), durationAt(ys[0] ?? 0, scale)],
      null,
    );
  });
  plot.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
  });
}
