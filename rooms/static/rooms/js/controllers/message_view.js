import { isOnlyEmoji } from "../models/emoji.js";
import { paintAvatar } from "../dom/avatar.js";
import { fullOf, listOf, timeOf } from "../dom/format.js";
import { clone, slot } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";
import { setTrustedHtml, textOf } from "../dom/trusted_html.js";

/** @import {Session} from "../live/session.js" */
/** @import {DraftRow, MessageRow} from "../models/layout.js" */
/** @import {Message, Reaction, User} from "../models/types.js" */

export const FOLDED = 400; // pixels of a body, from which on it is folded
/** The markup that each row's body shows. @type {WeakMap<HTMLElement, string>} */
const bodies = new WeakMap();
const FORMS = ["grouped", "mention", "gone", "pending", "failed", "answer", "large"];

/** Paints a message, or a draft on its way to be one, onto a clone of the template. @param {HTMLElement} row @param {MessageRow} what @param {Session} session */
export function paintMessage(row, { message, grouped }, session) {
  const { store } = session;
  const author = store.person(message.author);
  row.dataset.id = String(message.id);
  row.dataset.seq = String(message.seq);
  setForms(row, {
    grouped,
    gone: message.deleted,
    mention: message.mentions.includes(store.me.id) && message.author?.id !== store.me.id,
    answer: message.reply_to !== null && !message.deleted,
    large: isOnlyEmoji(message.body),
  });
  paintHead(row, author, message.created_at, `/rooms/${message.room}/?at=${message.seq}`);
  paintAnswer(row, message.deleted ? null : message.reply_to, session);
  slot(row, "pending").hidden = slot(row, "failure").hidden = true;
  slot(row, "undo").hidden = !(message.deleted && session.undoable.has(message.id));
  const body = slot(row, "body");
  if (message.deleted) body.textContent = goneText(message, session);
  else if (bodies.get(row) !== message.html) paintBody(body, message, store.me.id);
  bodies.set(row, message.deleted ? "" : message.html);
  paintEdited(body, !message.deleted && message.edited_at !== null);
  paintReactions(slot(row, "reactions"), message, session);
}

/** @param {HTMLElement} row @param {DraftRow} what @param {Session} session */
export function paintDraft(row, { draft, grouped }, session) {
  const failed = draft.state === "failed";
  setForms(row, { grouped, pending: !failed, failed, answer: draft.reply_to !== null, large: isOnlyEmoji(draft.body) });
  paintHead(row, session.store.me, draft.created_at, "");
  paintAnswer(row, draft.reply_to, session);
  const body = slot(row, "body");
  bodies.delete(row);
  body.replaceChildren(...draft.body.split(/\n{2,}/).map(paragraph));
  slot(row, "pending").hidden = failed;
  slot(row, "failure").hidden = !failed;
  slot(row, "reason").textContent = draft.reason || say("unsent");
}

/** What a message says, on one line and without Markdown's marks. @param {Message} message */
export function firstLine(message) {
  return textOf(message.html).replace(/\s+/g, " ").trim().slice(0, 200);
}

/** @param {HTMLElement} row @param {Record<string, boolean>} forms */
function setForms(row, forms) {
  for (const form of FORMS) row.classList.toggle(`message--${form}`, Boolean(forms[form]));
}

/** @param {HTMLElement} row @param {User | null} author @param {string} at @param {string} address */
function paintHead(row, author, at, address) {
  paintAvatar(slot(row, "avatar"), author);
  slot(row, "author").textContent = author?.name ?? say("erased");
  for (const name of ["time", "gutter"]) {
    const time = /** @type {HTMLTimeElement} */ (slot(row, name));
    time.textContent = timeOf(at);
    time.dateTime = at;
    time.title = fullOf(at);
  }
  const link = /** @type {HTMLAnchorElement} */ (slot(row, "link"));
  if (address) link.href = address;
  else link.removeAttribute("href");
}

/** @param {HTMLElement} row @param {number | null} replyTo @param {Session} session */
function paintAnswer(row, replyTo, session) {
  const answer = /** @type {HTMLElement} */ (row.querySelector(".answer"));
  answer.hidden = replyTo === null;
  if (replyTo === null || session.here === null) return;
  const original = session.store.timeline(session.here).find(replyTo);
  const author = session.store.person(original?.author ?? null);
  answer.dataset.to = String(replyTo);
  const tile = slot(answer, "answer-avatar");
  tile.hidden = !author;
  if (author) paintAvatar(tile, author);
  slot(answer, "answer-name").textContent = author?.name ?? "";
  slot(answer, "answer-text").textContent = original && !original.deleted ? firstLine(original) : say(original ? "original_gone" : "original_far");
}

/** @param {Message} message @param {Session} session */
function goneText(message, session) {
  const author = session.store.person(message.author);
  if (message.author?.id === session.store.me.id) return say(session.undoable.has(message.id) ? "gone_mine" : "gone_yours");
  return author ? say("gone", { name: author.name }) : say("gone_nobody");
}

/** @param {HTMLElement} body @param {Message} message @param {number} me */
function paintBody(body, message, me) {
  setTrustedHtml(body, message.html);
  for (const mention of /** @type {NodeListOf<HTMLElement>} */ (body.querySelectorAll(".mention"))) {
    mention.classList.toggle("mention--me", mention.dataset.user === String(me));
  }
  for (const pre of body.querySelectorAll("pre")) {
    const box = clone("t-code");
    pre.replaceWith(box);
    pre.tabIndex = 0;
    box.prepend(pre);
  }
}

/** The word stands behind the last sentence, where it moves nothing. @param {HTMLElement} body @param {boolean} edited */
function paintEdited(body, edited) {
  const word = body.querySelector(".message__edited");
  if (!edited) return word?.remove();
  const last = body.lastElementChild;
  if (!word) (last?.tagName === "P" ? last : body).append(" ", clone("t-edited"));
}

/** @param {string} text */
function paragraph(text) {
  const paragraph = document.createElement("p");
  text.split("\n").forEach((line, at) => paragraph.append(...(at ? [document.createElement("br"), line] : [line])));
  return paragraph;
}

/** @param {HTMLElement} box @param {Message} message @param {Session} session */
function paintReactions(box, message, session) {
  box.hidden = message.reactions.length === 0;
  if (box.hidden) return void box.replaceChildren();
  const old = new Map([...box.children].map((chip) => [/** @type {HTMLElement} */ (chip).dataset.emoji, chip]));
  const chips = message.reactions.map((reaction) => {
    const chip = /** @type {HTMLElement} */ (old.get(reaction.emoji) ?? clone("t-reaction"));
    paintChip(chip, message, reaction, session);
    return chip;
  });
  const add = old.get(undefined) ?? clone("t-reaction-add");
  const wanted = [...chips, add];
  if (wanted.length !== box.children.length || wanted.some((chip, at) => box.children[at] !== chip)) box.replaceChildren(...wanted);
}

/** @param {HTMLElement} chip @param {Message} message @param {Reaction} reaction @param {Session} session */
function paintChip(chip, message, reaction, { store, ownReactions }) {
  const mine = ownReactions.has(message, reaction);
  const users = mine && !reaction.users.includes(store.me.id) ? [store.me.id, ...reaction.users] : reaction.users;
  const names = users.slice(0, 10).map((id) => (id === store.me.id ? say("you") : (store.people.get(id)?.name ?? null)));
  const known = names.filter((name) => name !== null);
  const others = reaction.count - known.length;
  const who = !known.length ? String(reaction.count) : others > 0 ? sayCount("and_others", others, { names: listOf(known) }) : listOf(known);
  chip.dataset.emoji = reaction.emoji;
  chip.setAttribute("aria-pressed", String(mine));
  slot(chip, "emoji").textContent = reaction.emoji;
  slot(chip, "count").textContent = String(reaction.count);
  chip.title = who;
  chip.setAttribute("aria-label", say("reaction", { emoji: reaction.emoji, names: `${reaction.count}, ${who}` }));
}

