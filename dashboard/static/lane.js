// @ts-check
/** Which stage comes next when the lane is walked by keys. */

/**
 * @param {string[]} names of the stages, in their places
 * @param {string} current
 * @param {string} key of the keyboard event
 * @returns {string | null} the stage to go to; null when the key says nothing here
 */
export function walk(names, current, key) {
  const here = names.indexOf(current);
  const last = names.length - 1;
  const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: last }[key];
  if (to === undefined || here < 0) return null;
  return names[Math.min(Math.max(to, 0), last)] ?? null;
}
