// @ts-check
/** What every page does: local times, hints for the keyboard, logging out. */

import { localClock, localMoment } from "./time.js";

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

export function setUpPage() {
  showLocalTimes(document);
  for (const hint of document.querySelectorAll("[data-keys]")) hint.removeAttribute("hidden");
  for (const button of document.querySelectorAll("[data-logout]")) {
    button.removeAttribute("hidden");
    button.addEventListener("click", logOut);
  }
}
