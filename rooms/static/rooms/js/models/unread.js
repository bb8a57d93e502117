/** @import {Message, ReadPosition, RoomEntry} from "./types.js" */

/** Where counting stops: so many, or more. */
export const COUNTED = 1_000;
const SETTLES = 1_000; // milliseconds in which events and a count may have crossed

/** How much is unread in each room: counted as messages come, until the server says its own count. */
export class Unread {
  /** When each room's counts were last the server's own. @type {Map<number, number>} */
  #countedAt = new Map();
  #me;
  #now;

  /** @param {() => number} me @param {() => number} now */
  constructor(me, now) {
    this.#me = me;
    this.#now = now;
  }

  /** The server has counted. @param {RoomEntry} room @param {ReadPosition} [read] */
  settle(room, read) {
    if (read) Object.assign(room, { read_seq: read.read_seq, unread: read.unread, mentions: read.mentions });
    this.#countedAt.set(room.id, this.#now());
  }

  /** A message was heard; says whether the count is in doubt now. @param {RoomEntry} room @param {Message} message @param {boolean} created */
  hear(room, message, created) {
    const mine = message.author?.id === this.#me();
    if (created && mine) {
      Object.assign(room, { read_seq: Math.max(room.read_seq, message.seq), unread: 0, mentions: 0 });
    } else if (created && this.#counts(room, message)) {
      room.unread = Math.min(COUNTED, room.unread + 1);
      if (message.mentions.includes(this.#me())) room.mentions = Math.min(COUNTED, room.mentions + 1);
    }
    const crossed = this.#now() - (this.#countedAt.get(room.id) ?? 0) < SETTLES;
    // An edit may add a mention, a deletion take a message away: the server knows what it was before
    const changed = !created && !mine && message.seq > room.read_seq;
    return changed || (crossed && created && !mine);
  }

  /** Counts anew, where all that can be unread is held. @param {RoomEntry} room @param {Message[]} messages */
  count(room, messages) {
    const unread = messages.filter((message) => this.#counts(room, message));
    room.unread = unread.length;
    room.mentions = unread.filter((message) => message.mentions.includes(this.#me())).length;
  }

  /** By the protocol's definition. @param {RoomEntry} room @param {Message} message */
  #counts(room, message) {
    return !message.deleted && message.author?.id !== this.#me() && message.seq > room.read_seq;
  }
}
