import { isOnlyEmoji } from "../models/emoji.js";
import { setSanitised } from "./html.js";
import { clone } from "./template.js";

/** @import {Message} from "../models/types.js" */

const FOLD_AT = 360; // pixels; a little more than what a folded message shows

/** A message's words, with what the page adds to them. @param {HTMLElement} body @param {Message} message @param {number} me */
export function fillBody(body, message, me) {
  setSanitised(body, message.html);
  for (const mention of body.querySelectorAll(".mention")) {
    mention.classList.toggle("mention--me", mention.getAttribute("data-user") === String(me));
  }
  for (const pre of body.querySelectorAll("pre")) {
    const frame = clone("code");
    pre.replaceWith(frame);
    pre.tabIndex = 0;
    frame.prepend(pre);
  }
}

/** @param {Message} message */
export function isLarge(message) {
  return !message.deleted && isOnlyEmoji(message.body);
}

/** Long messages fold; measured once, when they stand in the document. @param {HTMLElement} article @param {HTMLElement} body @param {HTMLElement} button */
export function fold(article, body, button) {
  if (article.dataset.unfolded || !button.hidden || body.scrollHeight <= FOLD_AT) return;
  article.classList.add("message--folded");
  button.hidden = false;
}
