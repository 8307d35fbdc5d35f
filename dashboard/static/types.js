// @ts-check
/**
 * The shapes that travel from the server to the modules.
 *
 * @typedef {object} Row
 * What a row of the list shows, as text.
 * @property {string} id
 * @property {string} started ISO 8601, UTC
 * @property {string} clock
 * @property {string} method
 * @property {string} target
 * @property {string} endpoint
 * @property {string} status
 * @property {string} status_class
 * @property {string} duration
 * @property {number} ns
 * @property {string} worker
 * @property {string} born ISO 8601, UTC; empty when it is not known
 * @property {string} [restart] what a divider below the row says
 * @property {string} verdict
 * @property {string[]} marks
 * @property {[string, number, number][]} bar stage, x and width
 *
 * @typedef {object} Message
 * One message of the live feed.
 * @property {Row[]} rows newest first
 * @property {boolean} skipped whether more came than were sent
 * @property {number} unseen how many; 0 when it is not known
 *
 * @typedef {object} Dot
 * A request as a point.
 * @property {number} at microseconds since 1970
 * @property {number} ns
 *
 * @typedef {object} Scale
 * What the edges of the drawing stand for.
 * @property {number} first microseconds since 1970
 * @property {number} last
 * @property {number} low nanoseconds
 * @property {number} high
 *
 * @typedef {object} Words
 * What can be written into a filter.
 * @property {Record<string, string>} fields name to an example
 * @property {Record<string, string[]>} values
 *
 * @typedef {object} Offer
 * One completion.
 * @property {string} text what stands in the box afterwards, in place of the word
 * @property {string} shown
 * @property {string} hint
 */

export {};
