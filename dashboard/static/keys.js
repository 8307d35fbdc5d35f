// @ts-check
/** What a key press asks for, and when it is meant for something else. */

/** @type {Record<string, string>} */
const LIST = {
  j: "next",
  k: "previous",
  "/": "filter",
  p: "pause",
  n: "news",
  s: "pin",
  c: "compare",
  o: "older",
};

/** Milliseconds in which the second key of a pair has to follow. */
const PAIR = 1500;

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
 * @returns {string | null} what the list does for it; null for any other key
 */
export function listAction(key) {
  return LIST[key] ?? null;
}

/** Pairs of keys: "g" and then the letter of a page. */
export class Pairs {
  #since = -Infinity;

  /**
   * @param {string} key
   * @param {number} now milliseconds
   * @returns {string | null} the second key, when the first was "g" a moment ago
   */
  press(key, now) {
    const isSecond = now - this.#since < PAIR;
    this.#since = !isSecond && key === "g" ? now : -Infinity;
    return isSecond ? key : null;
  }
}
