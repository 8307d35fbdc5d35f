// @ts-check
/** The filter's box completes what is typed; the pattern is that of a combobox with a list. */

import { offersFor, wordAt } from "./offers.js";

/**
 * @param {HTMLInputElement} box
 * @param {HTMLElement} list
 * @param {string} address of the words
 */
export function setUpCompletion(box, list, address) {
  /** @type {import("./types.js").Words | null} */
  let words = null;
  /** @type {import("./types.js").Offer[]} */
  let offers = [];
  let chosen = -1;

  const close = () => {
    list.hidden = true;
    chosen = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };
  const open = () => {
    if (!words) return;
    const { word } = wordAt(box.value, box.selectionStart ?? box.value.length);
    offers = offersFor(word, words);
    if (!offers.length || document.activeElement !== box) return close();
    list.replaceChildren(...offers.map(drawn));
    list.hidden = false;
    chosen = -1;
    box.setAttribute("aria-expanded", "true");
    box.removeAttribute("aria-activedescendant");
  };
  const point = (/** @type {number} */ to) => {
    chosen = (to + offers.length) % offers.length;
    [...list.children].forEach((item, at) => {
      item.setAttribute("aria-selected", String(at === chosen));
    });
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", `offer-${chosen}`);
  };
  const take = (/** @type {number} */ at) => {
    const offer = offers[at];
    if (!offer) return;
    const caret = box.selectionStart ?? box.value.length;
    const { from } = wordAt(box.value, caret);
    const before = box.value.slice(0, from) + offer.text;
    box.value = before + box.value.slice(caret).trimStart();
    box.setSelectionRange(before.length, before.length);
    open();
  };

  box.setAttribute("role", "combobox");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-autocomplete", "list");
  box.addEventListener("focus", async () => {
    if (words) return;
    const answer = await fetch(address);
    if (!answer.ok) return;
    words = await answer.json();
    // Selected by "/", a text is there to be replaced: nothing is offered for it.
    if (box.selectionStart === box.selectionEnd) open();
  });
  box.addEventListener("input", open);
  box.addEventListener("click", open);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list.hidden) {
      event.preventDefault(); // else a box of type "search" would be emptied
      return box.blur();
    }
    if (list.hidden) return event.key === "ArrowDown" ? open() : undefined;
    if (event.key === "ArrowDown") point(chosen + 1);
    else if (event.key === "ArrowUp") point(chosen < 0 ? -1 : chosen - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen >= 0) take(chosen);
    else if (event.key === "Tab" && !event.shiftKey && chosen >= 0) take(chosen);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the box keeps the focus
    const item = event.target instanceof Element ? event.target.closest(".offer") : null;
    if (item) take([...list.children].indexOf(item));
  });
}

/**
 * @param {import("./types.js").Offer} offer
 * @param {number} at
 * @returns {HTMLElement}
 */
function drawn(offer, at) {
  const item = document.createElement("li");
  item.className = "offer";
  item.id = `offer-${at}`;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  for (const text of [offer.shown, offer.hint]) {
    const part = document.createElement("span");
    part.textContent = text;
    item.append(part);
  }
  return item;
}
