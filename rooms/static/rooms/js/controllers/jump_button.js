import { countOf } from "../dom/format.js";
import { byId } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";

/** What waits below, and the way there. @param {boolean} away whether the end is out of sight @param {boolean} far @param {number} unread */
export function paintJump(away, far, unread) {
  const button = byId("jump");
  button.hidden = !(away && (unread > 0 || far));
  button.classList.toggle("jump--new", unread > 0);
  byId("jump-text").textContent = unread > 0 ? sayCount("new_messages", unread, { count: countOf(unread) }) : say("to_the_end");
}
