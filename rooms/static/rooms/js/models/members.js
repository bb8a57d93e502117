import { best, plain } from "./matching.js";
import { byName } from "./names.js";

/** @import {User} from "./types.js" */
/**
 * @typedef {{id: number, members?: User[] | null}} Room `members`: all of them, in a direct conversation
 * @typedef {{users: User[], has_after: boolean}} Page
 * @typedef {{users: Map<number, User>, complete: string[], at: number}} Known `complete`: names of which all are known, as they were asked for
 */

const FRESH = 60_000; // milliseconds
const PAUSE = 150; // milliseconds in which no other letter comes

/** Who is in a room, as far as the page knows: those who come first, and whom the server found by name. */
export class Members {
  /** @type {Map<number, Known>} */
  #rooms = new Map();
  /** Pages on their way. @type {Map<number, Promise<boolean>>} */
  #pages = new Map();
  #searches = 0;
  #get;
  #pause;
  #now;

  /** @param {{get: (path: string) => Promise<Page>, pause: (ms: number) => Promise<void>, now?: () => number}} ways */
  constructor({ get, pause, now = Date.now }) {
    this.#get = get;
    this.#pause = pause;
    this.#now = now;
  }

  /** Whom one may mean, the best first. @param {number} room @param {string} query @returns {User[]} */
  called(room, query) {
    const users = this.#rooms.get(room)?.users.values() ?? [];
    return best([...users].sort(byName), query, (user) => [user.name, user.username]);
  }

  /** See who is there, unless that is known as of late; says whether it was news. @param {Room} room */
  refresh(room) {
    const known = this.#rooms.get(room.id);
    if (known && this.#now() - known.at < FRESH) return Promise.resolve(false);
    const page = this.#pages.get(room.id) ?? this.#load(room).finally(() => this.#pages.delete(room.id));
    this.#pages.set(room.id, page);
    return page;
  }

  /** Ask for others who are called so, once typing pauses; says whether there are any. @param {number} room @param {string} query */
  async search(room, query) {
    const search = ++this.#searches;
    const known = this.#rooms.get(room);
    // Whoever is called so is also called by a part of it
    if (!query || !known || known.complete.some((part) => plain(query).includes(part))) return false;
    await this.#pause(PAUSE);
    if (search !== this.#searches) return false;
    const page = await this.#ask(`/rooms/${room}/members?q=${encodeURIComponent(query)}`);
    if (!page) return false;
    const before = known.users.size;
    for (const user of page.users) known.users.set(user.id, user);
    if (!page.has_after) known.complete.push(plain(query));
    return known.users.size > before;
  }

  /** @param {Room} room */
  async #load({ id, members }) {
    const page = members ? { users: members, has_after: false } : await this.#ask(`/rooms/${id}/members`);
    if (!page) return false;
    const users = new Map(page.users.map((user) => [user.id, user]));
    this.#rooms.set(id, { users, complete: page.has_after ? [] : [""], at: this.#now() });
    return true;
  }

  /** Without a connection one goes on with who is known. @param {string} path */
  #ask(path) {
    return this.#get(path).catch(() => null);
  }
}
