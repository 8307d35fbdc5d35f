// @ts-check
/** What every page does: local times, the theme, keys for all pages, logging out. */

import { isChord, isTyping, Pairs } from "./keys.js";
import { remember } from "./store.js";
import { localClock, localMoment } from "./time.js";

const THEMES = ["system", "light", "dark"];

/** @param {ParentNode} part of the page whose times are to be local */
export function showLocalTimes(part) {
  for (const time of part.querySelectorAll("time")) {
    time.textContent = localClock(time.dateTime) ?? time.textContent;
    time.title = localMoment(time.dateTime) ?? time.title;
  }
}

/** @returns {string} path of the dashboard on its server */
export function root() {
  return document.body.dataset.root ?? "";
}

async function logOut() {
  const headers = {
    "Content-Type": "application/json",
    "X-Flasktrace": "1",
    "X-Flasktrace-Token": document.body.dataset.csrf ?? "",
  };
  await fetch(`${root()}/logout`, { method: "POST", headers, body: "{}" });
  location.assign(`${root()}/login`);
}

/** @param {HTMLElement} button */
function setUpTheme(button) {
  const html = document.documentElement;
  const tell = () => {
    button.textContent = `Theme: ${html.dataset.theme ?? "system"}`;
  };
  button.addEventListener("click", () => {
    const now = THEMES.indexOf(html.dataset.theme ?? "system");
    const next = THEMES[(now + 1) % THEMES.length] ?? "system";
    if (next === "system") delete html.dataset.theme;
    else html.dataset.theme = next;
    remember("theme", next === "system" ? null : next);
    tell();
  });
  tell();
  button.removeAttribute("hidden");
}

function openHelp() {
  const help = document.querySelector("[data-help]");
  if (help instanceof HTMLDialogElement && !help.open) help.showModal();
}

/** @param {string} key of the page: the second one, after "g" */
function goTo(key) {
  for (const link of document.querySelectorAll("[data-key]")) {
    if (link instanceof HTMLAnchorElement && link.dataset.key === key) link.click();
  }
}

function setUpKeys() {
  const pairs = new Pairs();
  document.addEventListener(
    "keydown",
    (event) => {
      if (isChord(event) || isTyping(event.target)) return;
      const second = pairs.press(event.key, event.timeStamp);
      if (second) goTo(second);
      else if (event.key === "?") openHelp();
      else return;
      event.preventDefault();
      // The second key of a pair means nothing else on this page.
      event.stopImmediatePropagation();
    },
    { capture: true },
  );
  for (const button of document.querySelectorAll("[data-help-button]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", openHelp);
  }
}

export function setUpPage() {
  showLocalTimes(document);
  setUpKeys();
  for (const hint of document.querySelectorAll("[data-keys]")) hint.removeAttribute("hidden");
  for (const button of document.querySelectorAll("[data-theme-button]")) {
    setUpTheme(/** @type {HTMLElement} */ (button));
  }
  for (const button of document.querySelectorAll("[data-logout]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", logOut);
  }
}
