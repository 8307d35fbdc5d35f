// @ts-check
/** Asks the server to change something, as only a page of the dashboard can. */

import { root } from "./page.js";

/**
 * @param {string} path below the dashboard
 * @returns {Promise<{error: string, id: string}>} texts; empty when they are not given
 */
export async function change(path) {
  const headers = {
    "Content-Type": "application/json",
    "X-Flasktrace": "1",
    "X-Flasktrace-Token": document.body.dataset.csrf ?? "",
  };
  try {
    const body = JSON.stringify({ confirm: true });
    const answer = await fetch(`${root()}${path}`, { method: "POST", headers, body });
    const data = await answer.json();
    const error = answer.ok ? "" : String(data.error ?? "That did not work.");
    return { error, id: String(data.id ?? "") };
  } catch {
    return { error: "The server does not answer.", id: "" };
  }
}
