// @ts-check
/** Places of points: time to the right, the logarithm of the duration upwards. */

/**
 * @param {import("./types.js").Dot} dot
 * @param {import("./types.js").Scale} scale
 * @returns {{x: number, y: number}} in percent, y from above
 */
export function placeOf(dot, scale) {
  const x = (dot.at - scale.first) / Math.max(scale.last - scale.first, 1);
  const height = Math.log(Math.max(dot.ns, scale.low) / scale.low) / Math.log(scale.high / scale.low);
  return { x: clip(x) * 100, y: 100 - clip(height) * 100 };
}

/**
 * @param {number} x part of the width
 * @param {import("./types.js").Scale} scale
 * @returns {number} microseconds since 1970
 */
export function timeAt(x, scale) {
  return Math.round(scale.first + clip(x) * (scale.last - scale.first));
}

/**
 * @param {number} y part of the height, from above
 * @param {import("./types.js").Scale} scale
 * @returns {number} nanoseconds
 */
export function durationAt(y, scale) {
  return Math.round(scale.low * (scale.high / scale.low) ** (1 - clip(y)));
}

/**
 * @param {string} q the filter so far
 * @param {[number, number]} times microseconds since 1970
 * @param {[number, number] | null} durations nanoseconds; null: all
 * @returns {string} the filter with this range in place of any other
 */
export function withRange(q, times, durations) {
  const kept = q.split(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/).filter((term) => term && !/^(time|dur):/.test(term));
  const range = [`time:${iso(times[0])}..${iso(times[1])}`];
  if (durations) range.push(`dur:${micro(durations[0])}..${micro(durations[1])}`);
  return [...kept, ...range].join(" ");
}

/** @param {number} microseconds */
function iso(microseconds) {
  const millis = Math.floor(microseconds / 1000);
  const rest = String(microseconds - millis * 1000).padStart(3, "0");
  return new Date(millis).toISOString().replace("Z", rest);
}

/** @param {number} ns */
function micro(ns) {
  return `${Math.round(ns / 1000)}us`;
}

/** @param {number} part */
function clip(part) {
  return Math.min(Math.max(part, 0), 1);
}
