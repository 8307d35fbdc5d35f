// @ts-check
/** What can follow in the filter: names of terms, then values that are there. */

const MOST = 12;

/**
 * @param {string} text in the box
 * @param {number} caret
 * @returns {{from: number, word: string}} the word that ends at the caret
 */
export function wordAt(text, caret) {
  let from = 0;
  let quoted = false;
  for (let at = 0; at < caret; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === " " && !quoted) from = at + 1;
  }
  return { from, word: text.slice(from, caret) };
}

/**
 * @param {string} word
 * @param {import("./types.js").Words} words
 * @returns {import("./types.js").Offer[]}
 */
export function offersFor(word, words) {
  const sign = word.startsWith("-") ? "-" : "";
  const plain = word.slice(sign.length);
  const colon = plain.indexOf(":");
  if (colon < 0) return names(sign, plain.toLowerCase(), words);
  const name = plain.slice(0, colon);
  const typed = plain.slice(colon + 1).replace(/"/g, "").toLowerCase();
  const values = words.values[name] ?? [];
  return values
    .filter((value) => value.toLowerCase().includes(typed) && value.toLowerCase() !== typed)
    .sort((a, b) => Number(b.toLowerCase().startsWith(typed)) - Number(a.toLowerCase().startsWith(typed)))
    .slice(0, MOST)
    .map((value) => ({ text: `${sign}${name}:${quoted(value)} `, shown: value, hint: name }));
}

/**
 * @param {string} sign
 * @param {string} typed
 * @param {import("./types.js").Words} words
 * @returns {import("./types.js").Offer[]}
 */
function names(sign, typed, words) {
  return Object.entries(words.fields)
    .filter(([name]) => name.startsWith(typed))
    .map(([name, example]) => ({ text: `${sign}${name}:`, shown: `${sign}${name}:`, hint: example }));
}

/** @param {string} value */
function quoted(value) {
  return /\s/.test(value) ? `"${value.replace(/"/g, "")}"` : value;
}
