/** @import {Frame, User} from "./types.js" */

/** Who is who, as far as the page has met them, and who is here. */
export class People {
  /** @type {Set<number>} */
  online = new Set();
  /** null for one who was erased. @type {Map<number, User | null>} */
  #known = new Map();
  #afresh = false;

  /** @param {number} id */
  get(id) {
    return this.#known.get(id);
  }

  /** @returns {User[]} */
  get all() {
    return [...this.#known.values()].filter((user) => user !== null);
  }

  /** The newest that is known of a person; null for one who was erased. @param {User | null} user */
  newest(user) {
    if (!user) return null;
    const known = this.#known.get(user.id);
    return known === undefined ? user : known;
  }

  /** As a payload shows them, which may have been on its way while they were erased. @param {User | null | undefined} user */
  meet(user) {
    if (user?.id && this.#known.get(user.id) !== null) this.#known.set(user.id, user);
  }

  /** @param {number} id */
  erase(id) {
    this.#known.set(id, null);
  }

  /** The next word on who is here names all of them. */
  begin() {
    this.#afresh = true;
  }

  /** @param {Frame} presence */
  hear({ online = [], offline = [] }) {
    if (this.#afresh) this.online.clear();
    this.#afresh = false;
    for (const user of online) this.online.add(user);
    for (const user of offline) this.online.delete(user);
  }
}
