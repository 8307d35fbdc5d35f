// @ts-check
/** Messages of the live feed, read without trust. */

/**
 * @param {string} text
 * @returns {import("./types.js").Message}
 */
export function readMessage(text) {
  const data = JSON.parse(text);
  /** @type {{row: import("./types.js").Row}[]} */
  const traces = Array.isArray(data.traces) ? data.traces : [];
  const unseen = Number.isSafeInteger(data.unseen) ? data.unseen : 0;
  return { rows: traces.map((trace) => trace.row).reverse(), skipped: data.skipped === true, unseen };
}

/**
 * @param {import("./types.js").Row[]} rows
 * @param {Set<string>} known ids that the page has already
 * @returns {import("./types.js").Row[]} the others
 */
export function newRows(rows, known) {
  return rows.filter((row) => /^[0-9a-f]{32}$/.test(row.id) && !known.has(row.id));
}

/**
 * @param {string} root path of the dashboard
 * @param {string} after cursor to go on from
 * @param {string} q filter
 * @returns {string} the address of the feed
 */
export function feedAddress(root, after, q) {
  return `${root}/events?${new URLSearchParams(q ? { after, q } : { after })}`;
}
