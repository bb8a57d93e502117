import { Signal } from "./signal.js";

/** @typedef {{body: string, reply_to: number | null}} Note */

/** What is written but not sent, for each room, kept across reloads. */
export class Drafts {
  /** @type {Signal<number>} */
  changed = new Signal();
  #storage;
  #prefix;

  /** @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage @param {number} user */
  constructor(storage, user) {
    this.#storage = storage;
    this.#prefix = `plaza:draft:${user}:`;
  }

  /** @param {number} room @returns {Note} */
  get(room) {
    try {
      const kept = JSON.parse(this.#storage.getItem(this.#prefix + room) ?? "null");
      if (kept && typeof kept.body === "string") return { body: kept.body, reply_to: kept.reply_to ?? null };
    } catch {
      // What cannot be read is no draft
    }
    return { body: "", reply_to: null };
  }

  /** @param {number} room */
  has(room) {
    return this.get(room).body.trim() !== "";
  }

  /** @param {number} room @param {Note} note */
  set(room, note) {
    const had = this.has(room);
    try {
      if (note.body || note.reply_to) this.#storage.setItem(this.#prefix + room, JSON.stringify(note));
      else this.#storage.removeItem(this.#prefix + room);
    } catch {
      // A full or forbidden storage costs the draft its survival, not its text
    }
    if (had !== (note.body.trim() !== "")) this.changed.emit(room);
  }

  /** The room that a storage key of another tab belongs to. @param {string | null} key */
  roomOf(key) {
    return key?.startsWith(this.#prefix) ? Number(key.slice(this.#prefix.length)) : null;
  }
}
