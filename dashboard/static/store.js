// @ts-check
/** What this browser remembers; nothing when it may not remember. */

/**
 * @param {string} name
 * @returns {string | null}
 */
export function remembered(name) {
  try {
    return localStorage.getItem(`flasktrace.${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string | null} text null forgets it
 */
export function remember(name, text) {
  try {
    if (text === null) localStorage.removeItem(`flasktrace.${name}`);
    else localStorage.setItem(`flasktrace.${name}`, text);
  } catch {
    // The page works without it.
  }
}
