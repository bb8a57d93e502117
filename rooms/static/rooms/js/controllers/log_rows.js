import { keepFocus, neighbours } from "../dom/focus.js";
import { dayName } from "../dom/format.js";
import { clone, slot } from "../dom/piece.js";
import { FOLDED, paintDraft, paintMessage } from "./message_view.js";

/** @import {Session} from "../live/session.js" */
/** @import {Row} from "../models/layout.js" */
/** @import {Message} from "../models/types.js" */

const LIT = 2_000; // milliseconds
const TEMPLATES = { day: "t-day", new: "t-new", message: "t-message", draft: "t-message" };

/** The elements in the log, each kept for as long as its row is there. */
export class LogRows {
  /** @type {Map<string, HTMLElement>} */
  #elements = new Map();
  /** What each row shows now. @type {WeakMap<HTMLElement, string>} */
  #shown = new WeakMap();
  /** @type {Map<string, Message>} */
  #messages = new Map();
  /** The row at which the keyboard was last. @type {Element | null} */
  #left = null;
  /** Grows with every change of a name or a picture. */
  #people = 0;
  #column;
  #session;

  /** @param {HTMLElement} column @param {Session} session */
  constructor(column, session) {
    this.#column = column;
    this.#session = session;
    column.addEventListener("focusout", (event) => this.#leave(event.target));
    session.store.changed.subscribe((change) => {
      if (change.type === "people") this.#people += 1;
    });
  }

  clear() {
    for (const [key, element] of this.#elements) if (!isEdited(element)) this.#elements.delete(key);
    this.#messages.clear();
    this.#left = null;
    this.#column.replaceChildren();
  }

  /** @param {string} key */
  get(key) {
    return this.#elements.get(key);
  }

  /** @param {number} seq */
  at(seq) {
    return /** @type {HTMLElement | null} */ (this.#column.querySelector(`[data-seq="${seq}"]`));
  }

  /** @param {Message} message */
  of(message) {
    return this.#elements.get(message.key) ?? this.#elements.get(`m${message.id}`);
  }

  /** @param {Element} row */
  messageOf(row) {
    return this.#messages.get(/** @type {HTMLElement} */ (row).dataset.key ?? "");
  }

  get articles() {
    return /** @type {HTMLElement[]} */ ([...this.#column.querySelectorAll(".message")]);
  }

  /** The row at which the keyboard enters the log. */
  get entrance() {
    return /** @type {HTMLElement | null} */ (this.#column.querySelector('.message[tabindex="0"]')) ?? this.articles.at(-1);
  }

  /** @param {HTMLElement} row */
  light(row) {
    row.classList.add("message--lit");
    setTimeout(() => row.classList.remove("message--lit"), LIT);
  }

  /** Makes the log show these rows; what stands there already stays the same element. @param {Row[]} rows */
  show(rows) {
    const held = /** @type {HTMLElement | null | undefined} */ (document.activeElement?.closest(".message"));
    const heirs = held ? neighbours(this.articles, held) : [];
    keepFocus(this.#column, () => this.#show(rows), () => heirs.find((row) => row.isConnected));
  }

  /** @param {Row[]} rows */
  #show(rows) {
    this.#dropAllBut(new Set(rows.map((row) => row.key)));
    let next = this.#column.firstElementChild;
    /** @type {HTMLElement[]} */
    const painted = [];
    for (const row of rows) {
      const element = this.#element(row);
      if (this.#paint(element, row)) painted.push(element);
      if (element === next) next = next.nextElementSibling;
      else this.#column.insertBefore(element, next);
    }
    for (const element of painted) this.fold(element);
    if (!this.#left?.isConnected) this.#makeEntrance(this.articles.at(-1));
  }

  /** A long message folds until it is opened. @param {HTMLElement} row */
  fold(row) {
    const long = row.dataset.open !== "yes" && slot(row, "body").scrollHeight > FOLDED;
    row.classList.toggle("message--folded", long);
    slot(row, "fold").hidden = !long;
  }

  /** @param {Set<string>} wanted */
  #dropAllBut(wanted) {
    for (const [key, element] of this.#elements) {
      if (wanted.has(key)) continue;
      element.remove();
      if (isEdited(element)) continue;
      this.#elements.delete(key);
      this.#messages.delete(key);
    }
  }

  /** @param {Row} row */
  #element(row) {
    const held = this.#elements.get(row.key);
    if (held) return held;
    const element = clone(TEMPLATES[row.type]);
    element.dataset.key = row.key;
    this.#elements.set(row.key, element);
    return element;
  }

  /** Says whether a message's look has changed. @param {HTMLElement} element @param {Row} row */
  #paint(element, row) {
    if (row.type === "new") return false;
    if (row.type === "day") {
      slot(element, "name").textContent = dayName(row.at);
      return false;
    }
    const version = row.type === "message" ? this.#versionOf(row.message) : `${row.draft.state} ${row.draft.reason}`;
    const signature = `${row.type} ${row.grouped} ${version}`;
    if (row.type === "message") this.#messages.set(row.key, row.message);
    if (this.#shown.get(element) === signature) return false;
    this.#shown.set(element, signature);
    if (row.type === "message" && row.message.deleted) element.querySelector(".toolbar")?.remove();
    if (row.type === "message") paintMessage(element, row, this.#session);
    else paintDraft(element, row, this.#session);
    return true;
  }

  /** @param {Message} message */
  #versionOf(message) {
    const original = message.reply_to === null ? null : this.#session.store.timeline(message.room).find(message.reply_to);
    const { undoable, ownReactions } = this.#session;
    return `${message.changed_seq} ${this.#people} ${undoable.has(message.id)} ${original?.changed_seq ?? ""} ${ownReactions.of(message)}`;
  }

  /** The keyboard comes back to the row that it left; until then it enters at the last. @param {EventTarget | null} target */
  #leave(target) {
    this.#left = target instanceof Element ? target.closest(".message") : null;
    if (this.#left) this.#makeEntrance(this.#left);
  }

  /** @param {Element | undefined} row */
  #makeEntrance(row) {
    if (!row || row.getAttribute("tabindex") === "0") return;
    for (const other of this.#column.querySelectorAll('.message[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
  }
}

/** An open edit waits until its row comes back. @param {HTMLElement} element */
function isEdited(element) {
  return element.querySelector(".message__editor") !== null;
}
