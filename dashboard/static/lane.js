// @ts-check
/** Which stop comes next when the lane is walked by keys: a stage, or a call in it. */

/**
 * @typedef {object} Stop
 * @property {string} stage
 * @property {string} call id of the span; empty for the stage itself
 */

/**
 * @param {Stop[]} stops in their places
 * @param {Stop} current
 * @param {string} key of the keyboard event
 * @param {boolean} onlyStages whether calls are passed over
 * @returns {Stop | null} the stop to go to; null when the key says nothing here
 */
export function walk(stops, current, key, onlyStages = false) {
  const here = stops.findIndex((stop) => stop.stage === current.stage && stop.call === current.call);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (key === "Home") return stops[0] ?? null;
  if (key === "End") return last(stops);
  if (step === undefined || here < 0) return null;
  for (let to = here + step; to >= 0 && to < stops.length; to += step) {
    const stop = stops[to];
    if (stop && !(onlyStages && stop.call)) return stop;
  }
  return stops[here] ?? null;
}

/**
 * @param {Stop[]} stops
 * @returns {Stop | null} the last stage
 */
function last(stops) {
  return stops.filter((stop) => !stop.call).at(-1) ?? null;
}
