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
 * @property {string} verdict
 * @property {string[]} marks
 * @property {[string, number, number][]} bar stage, x and width
 *
 * @typedef {object} Message
 * One message of the live feed.
 * @property {Row[]} rows newest first
 * @property {boolean} skipped whether more came than were sent
 */

export {};
