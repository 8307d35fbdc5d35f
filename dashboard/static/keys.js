// @ts-check
/** What a key press asks for, and when it is meant for something else. */

/** @type {Record<string, string>} */
const LIST = { j: "next", k: "previous", "/": "filter" };

/**
 * @param {{altKey: boolean, ctrlKey: boolean, metaKey: boolean}} event
 * @returns {boolean} whether the browser or the system owns this key press
 */
export function isChord(event) {
  return event.altKey || event.ctrlKey || event.metaKey;
}

/**
 * @param {EventTarget | null} target
 * @returns {boolean} whether the reader is typing text
 */
export function isTyping(target) {
  return target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
}

/**
 * @param {string} key
 * @returns {string | null} "next", "previous" or "filter"; null for any other key
 */
export function listAction(key) {
  return LIST[key] ?? null;
}
