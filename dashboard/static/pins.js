// @ts-check
/** Requests that stay on top of the list, in this browser. */

import { remember, remembered } from "./store.js";

const MOST = 20;

/**
 * @param {string} name of the place where they are remembered
 * @returns {import("./types.js").Row[]} the newest pin first
 */
export function readPins(name) {
  try {
    const found = JSON.parse(remembered(name) ?? "[]");
    return Array.isArray(found) ? found.filter((row) => /^[0-9a-f]{32}$/.test(row?.id)) : [];
  } catch {
    return [];
  }
}

/**
 * @param {string} name
 * @param {import("./types.js").Row[]} rows
 */
export function writePins(name, rows) {
  remember(name, rows.length ? JSON.stringify(rows.slice(0, MOST)) : null);
}
