import { fillAvatar } from "./avatar.js";
import { fillBody, fold, isLarge } from "./body.js";
import { fillTime } from "./dates.js";
import { clone, slot } from "./template.js";
import { listed, say, sayCount } from "./texts.js";

/** @import {DraftRow, MessageRow} from "../models/layout.js" */
/** @import {Message, Reaction, User} from "../models/types.js" */
/** @import {Store} from "../models/store.js" */
/**
 * What one needs to know to show a row; `original` is what it answers, null when it is not at hand.
 * @typedef {{store: Store, original: Message | null | undefined, undo: boolean, answering: boolean}} Around
 */

const NAMES = 10; // of those who reacted

/** Shows a message in its article, the first time and again. @param {HTMLElement} article @param {MessageRow} row @param {Around} around */
export function fillMessage(article, { message, grouped }, around) {
  const { store } = around;
  const me = store.me.id;
  const author = store.person(message.author);
  const alone = !grouped;
  article.className = "message";
  article.classList.toggle("message--grouped", grouped);
  article.classList.toggle("message--gone", message.deleted);
  article.classList.toggle("message--mention", message.mentions.includes(me));
  article.classList.toggle("message--large", isLarge(message));
  article.classList.toggle("message--answering", around.answering);
  article.dataset.id = String(message.id);
  article.dataset.seq = String(message.seq);
  article.dataset.draft = "";
  fillHead(article, author, message.created_at, alone);
  const link = /** @type {HTMLAnchorElement} */ (slot(article, "link"));
  link.href = `/rooms/${message.room}/?at=${message.seq}`;
  fillAnswer(article, message.reply_to !== null && !message.deleted, around);
  fillWords(article, message, author, me);
  slot(article, "edited").hidden = !message.edited_at || message.deleted;
  slot(article, "undo").hidden = !around.undo;
  slot(article, "pending").hidden = true;
  slot(article, "failure").hidden = true;
  fillReactions(article, message, store);
}

/** One that is on its way, or did not arrive. @param {HTMLElement} article @param {DraftRow} row @param {Around} around */
export function fillDraft(article, { draft, grouped }, around) {
  const failed = draft.state === "failed";
  article.className = "message";
  article.classList.toggle("message--grouped", grouped);
  article.classList.toggle("message--pending", !failed);
  article.classList.toggle("message--failed", failed);
  article.dataset.draft = draft.key;
  fillHead(article, around.store.me, draft.created_at, !grouped);
  fillAnswer(article, draft.reply_to !== null, around);
  const body = slot(article, "body");
  const paragraph = document.createElement("p");
  paragraph.className = "message__plain";
  paragraph.textContent = draft.body;
  body.replaceChildren(paragraph);
  delete body.dataset.shows;
  slot(article, "pending").hidden = failed;
  slot(article, "failure").hidden = !failed;
  slot(article, "reason").textContent = failed ? draft.reason || say("unsent") : "";
}

/** @param {HTMLElement} article @param {User | null} author @param {string} at @param {boolean} shown */
function fillHead(article, author, at, shown) {
  slot(article, "author").textContent = author ? author.name : say("erased");
  fillAvatar(slot(article, "avatar"), author);
  fillTime(slot(article, shown ? "time" : "gutter"), at);
  fillTime(slot(article, "time"), at);
}

/** @param {HTMLElement} article @param {boolean} answers @param {Around} around */
function fillAnswer(article, answers, { original, store }) {
  const answer = /** @type {HTMLElement} */ (article.querySelector(".answer"));
  answer.hidden = !answers;
  article.classList.toggle("message--answer", answers);
  if (!answers) return;
  const author = original && !original.deleted ? store.person(original.author) : null;
  fillAvatar(slot(answer, "answer-avatar"), author, "xs");
  slot(answer, "answer-avatar").hidden = !author;
  slot(answer, "answer-name").textContent = author?.name ?? "";
  slot(answer, "answer-text").textContent = original && !original.deleted ? firstLine(original.body) : say(original === undefined ? "loading" : "original_gone");
}

/** @param {string} body */
export function firstLine(body) {
  return body.trim().split("\n", 1)[0].slice(0, 200);
}

/** @param {HTMLElement} article @param {Message} message @param {User | null} author @param {number} me */
function fillWords(article, message, author, me) {
  const body = slot(article, "body");
  const shows = message.deleted ? `gone:${author?.name}` : message.html;
  if (body.dataset.shows === shows) return foldAgain(article, body);
  body.dataset.shows = shows;
  if (message.deleted) body.textContent = author?.id === me ? say("gone_mine") : author ? say("gone", { name: author.name }) : say("gone_nobody");
  else fillBody(body, message, me);
  slot(article, "fold").hidden = true;
  if (!message.deleted) requestAnimationFrame(() => fold(article, body, slot(article, "fold")));
}

/** `className` was set anew. @param {HTMLElement} article @param {HTMLElement} body */
function foldAgain(article, body) {
  article.classList.toggle("message--folded", !slot(article, "fold").hidden && !article.dataset.unfolded && body.isConnected);
}

/** Buttons stay where they are, so that focus does too. @param {HTMLElement} article @param {Message} message @param {Store} store */
function fillReactions(article, message, store) {
  const line = slot(article, "reactions");
  line.hidden = message.reactions.length === 0;
  const held = new Map([...line.querySelectorAll("[data-emoji]")].map((button) => [button.getAttribute("data-emoji"), button]));
  const buttons = message.reactions.map((reaction) => {
    const button = /** @type {HTMLElement} */ (held.get(reaction.emoji) ?? clone("reaction"));
    fillReaction(button, reaction, store);
    return button;
  });
  const add = line.querySelector(".reaction--add") ?? clone("reaction-add");
  const wanted = message.reactions.length ? [...buttons, add] : [];
  if (wanted.length !== line.children.length || wanted.some((button, at) => line.children[at] !== button)) line.replaceChildren(...wanted);
}

/** @param {HTMLElement} button @param {Reaction} reaction @param {Store} store */
function fillReaction(button, reaction, store) {
  const me = store.me.id;
  button.dataset.emoji = reaction.emoji;
  button.setAttribute("aria-pressed", String(reaction.users.includes(me)));
  slot(button, "emoji").textContent = reaction.emoji;
  slot(button, "count").textContent = String(reaction.count);
  const known = reaction.users.map((id) => (id === me ? say("you") : store.people.get(id)?.name)).filter((name) => name !== undefined).slice(0, NAMES);
  const others = reaction.count - known.length;
  const names = others > 0 && known.length ? sayCount("and_others", others, { names: known.join(", ") }) : listed(known);
  button.title = known.length ? names : "";
  button.setAttribute("aria-label", say("reaction", { emoji: reaction.emoji, names: known.length ? names : String(reaction.count) }));
}
