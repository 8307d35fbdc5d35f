// @ts-check
/** Moments in the reader's own time zone. */

/**
 * @param {string} iso
 * @returns {string | null} "10:20:30.123"; null when *iso* is no time
 */
export function localClock(iso) {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return null;
  const parts = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${parts.join(":")}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * @param {string} iso
 * @returns {string | null} day and time in the reader's language; null when *iso* is no time
 */
export function localMoment(iso) {
  const moment = new Date(iso);
  return Number.isNaN(moment.getTime()) ? null : moment.toLocaleString();
}
