import { byId } from "./piece.js";
import { say } from "./texts.js";

let timer = 0;

/** One sentence for some seconds. @param {string} text @param {boolean} [alarm] */
export function notify(text, alarm = false) {
  const box = byId("notice");
  box.textContent = text;
  box.classList.toggle("notice--alarm", alarm);
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover(); // anew: above a dialog that was opened since
  clearTimeout(timer);
  timer = setTimeout(() => box.hidePopover(), alarm ? 8_000 : 4_000);
}

/** What the server had to say when it made the page. */
export function notifyFromServer() {
  const box = byId("notice");
  if (box.textContent) notify(box.textContent, box.classList.contains("notice--alarm"));
}

/** What went wrong, in words. @param {any} error */
export function reasonOf(error) {
  if (error?.code === "lost") return say("lost");
  return error?.detail || say("failed");
}

/** Do something that may be refused, and say so. Resolves to undefined then. @template T @param {Promise<T>} work */
export async function attempt(work) {
  try {
    return await work;
  } catch (error) {
    notify(reasonOf(error), true);
    return undefined;
  }
}

/** @param {string} text @param {string} said */
export async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    notify(said);
  } catch {
    notify(say("not_copied"), true);
  }
}
