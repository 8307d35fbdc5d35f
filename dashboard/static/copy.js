// @ts-check
/** Copies what a link leads to, so that nothing has to be opened. */

const SHOWN_FOR = 2000;

/**
 * @param {HTMLAnchorElement} link
 * @param {Event} event that it was pressed by
 * @param {HTMLElement} said where it is told
 */
export async function copyFrom(link, event, said) {
  event.preventDefault();
  const words = link.dataset.words ?? link.textContent ?? "";
  link.dataset.words = words;
  const isDone = await copy(link.href);
  link.textContent = isDone ? "Copied" : "Could not copy: open it in a new tab";
  said.textContent = `${words}: ${link.textContent}`;
  setTimeout(() => {
    link.textContent = words;
  }, SHOWN_FOR);
}

/**
 * @param {string} address
 * @returns {Promise<boolean>}
 */
async function copy(address) {
  try {
    const answer = await fetch(address);
    if (!answer.ok) return false;
    await navigator.clipboard.writeText(await answer.text());
    return true;
  } catch {
    return false;
  }
}
