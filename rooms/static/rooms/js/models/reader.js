/** @import {Store} from "./store.js" */

const EVERY = 1_000; // milliseconds between two positions of one room; the protocol's

/** Says how far one has read, at most once a second for each room; the answers are the server's own counts. */
export class Reader {
  /** @type {Map<number, number>} */
  #saidAt = new Map();
  /** Rooms with something to say. @type {Map<number, ReturnType<typeof setTimeout> | 0>} */
  #due = new Map();
  #store;
  #send;
  #now;

  /** @param {Store} store @param {(command: {type: string, room: number, seq: number}) => Promise<any>} send @param {() => number} [now] */
  constructor(store, send, now = Date.now) {
    this.#store = store;
    this.#send = send;
    this.#now = now;
  }

  /** @param {number} room @param {number} seq */
  read(room, seq) {
    const entry = this.#store.room(room);
    if (!entry || seq <= entry.read_seq) return;
    this.#store.readLocally(room, seq);
    this.#plan(room);
  }

  /** The counts are in doubt: ask for them. @param {number} room */
  recount(room) {
    this.#plan(room);
  }

  /** @param {number} room @param {number} seq */
  async unread(room, seq) {
    clearTimeout(this.#due.get(room) || 0);
    this.#due.delete(room);
    this.#store.setRead(await this.#send({ type: "room.unread", room, seq }));
  }

  /** What could not be said while the connection was away. @param {Map<number, number>} positions */
  catchUp(positions) {
    for (const [room, seq] of positions) this.read(room, seq);
    for (const room of this.#due.keys()) this.#plan(room);
  }

  /** Positions that the server may not know yet. */
  unsaid() {
    return new Map([...this.#due.keys()].map((room) => [room, this.#store.room(room)?.read_seq ?? 0]));
  }

  /** @param {number} room */
  #plan(room) {
    if (this.#due.get(room)) return;
    const wait = Math.max(0, (this.#saidAt.get(room) ?? 0) + EVERY - this.#now());
    this.#due.set(room, setTimeout(() => this.#say(room), wait));
  }

  /** @param {number} room */
  async #say(room) {
    const entry = this.#store.room(room);
    if (!entry) return void this.#due.delete(room);
    this.#saidAt.set(room, this.#now());
    this.#due.set(room, 0);
    try {
      const read = await this.#send({ type: "room.read", room, seq: entry.read_seq });
      if (this.#due.get(room) === 0) this.#due.delete(room);
      if (read.read_seq >= (this.#store.room(room)?.read_seq ?? 0)) this.#store.setRead(read);
    } catch {
      // Stays due: it is said after the next resume
    }
  }
}
