/** @import {Message, Page} from "./types.js" */

export const KEPT = 300; // messages of one room, which is also what stands in the document

/** The part of a room's history that is held: one range without gaps, sorted by `seq`. */
export class Timeline {
  /** @type {Message[]} */
  messages = [];
  loaded = false;
  hasBefore = false;
  hasAfter = false;
  /** The last value up to which every change is held; null until a page has come. @type {number | null} */
  cursor = null;
  /** Whether the reader is at the end, so that what is far above may go. */
  following = true;
  /** What was heard before the first page came. @type {Message[]} */
  #early = [];

  get first() {
    return this.messages[0]?.seq ?? Infinity;
  }

  get last() {
    return this.messages.at(-1)?.seq ?? 0;
  }

  /** @param {number} id */
  find(id) {
    return this.messages.find((message) => message.id === id);
  }

  /** @param {Page} page */
  replace(page) {
    const heard = [...this.#early, ...this.messages];
    this.#early = [];
    this.messages = page.messages;
    this.hasBefore = page.has_before;
    this.hasAfter = page.has_after;
    this.loaded = true;
    for (const message of heard) this.apply(message);
  }

  /** @param {Page} page */
  prepend(page) {
    this.#merge(page.messages);
    this.hasBefore = page.has_before;
    this.#dropLast();
  }

  /** @param {Page} page */
  append(page) {
    this.#merge(page.messages);
    this.hasAfter = page.has_after;
    this.#dropFirst();
  }

  /** A new or changed message; says whether it lies in what is held. @param {Message} message */
  apply(message) {
    if (!this.loaded) {
      this.#early.push(message);
      return false;
    }
    const at = this.messages.findIndex((other) => other.id === message.id);
    if (at >= 0) {
      if (message.changed_seq < this.messages[at].changed_seq) return false;
      this.messages[at] = message;
      return true;
    }
    if (message.seq > this.last && this.hasAfter) return false;
    if (message.seq < this.first && this.hasBefore && this.messages.length) return false;
    this.#insert(message);
    if (this.following) this.#dropFirst();
    else this.#dropLast();
    return true;
  }

  /** Messages below `seq` exist no longer. @param {number} seq */
  prune(seq) {
    const kept = this.messages.filter((message) => message.seq >= seq);
    if (kept.length < this.messages.length) this.hasBefore = false;
    this.messages = kept;
  }

  /** @param {Message[]} messages */
  #merge(messages) {
    for (const message of messages) {
      const at = this.messages.findIndex((other) => other.id === message.id);
      if (at < 0) this.#insert(message);
      else if (message.changed_seq >= this.messages[at].changed_seq) this.messages[at] = message;
    }
  }

  /** @param {Message} message */
  #insert(message) {
    let at = this.messages.length;
    while (at > 0 && this.messages[at - 1].seq > message.seq) at -= 1;
    this.messages.splice(at, 0, message);
  }

  #dropFirst() {
    if (this.messages.length <= KEPT) return;
    this.messages = this.messages.slice(-KEPT);
    this.hasBefore = true;
  }

  #dropLast() {
    if (this.messages.length <= KEPT) return;
    this.messages = this.messages.slice(0, KEPT);
    this.hasAfter = true;
  }
}
