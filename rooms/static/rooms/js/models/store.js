import { byName } from "./names.js";
import { People } from "./people.js";
import { Signal } from "./signal.js";
import { Timeline } from "./timeline.js";
import { TypingTracker } from "./typing_tracker.js";
import { Unread } from "./unread.js";

/** @import {Frame, Message, Page, ReadPosition, RoomEntry, RoomState, User} from "./types.js" */
/**
 * @typedef {{type: "rooms"} | {type: "people"} | {type: "presence"} | {type: "typing", room: number}
 *   | {type: "room", room: number} | {type: "timeline", room: number, message?: Message}
 *   | {type: "reset", room: number} | {type: "left", room: number} | {type: "joined", room: number} | {type: "epoch"}
 *   | {type: "recount", room: number} | {type: "message", message: Message}} Change
 */

/** All that the page knows: rooms, people, messages, who is here. It applies what the server says. */
export class Store {
  /** @type {Signal<Change>} */
  changed = new Signal();
  people = new People();
  typing = new TypingTracker();
  /** @type {Map<number, RoomEntry>} */
  rooms = new Map();
  /** @type {Map<number, Timeline>} */
  timelines = new Map();
  /** How many times the connection began: what was heard before the last one may have holes after it. */
  welcomes = 0;
  /** @type {Map<number, number>} When somebody last spoke there, as far as it was heard. */
  #spoke = new Map();
  /** Rooms held before a welcome and not listed since. @type {Set<number>} */
  #unlisted = new Set();
  #unread;
  #now;

  /** @param {{me: User, epoch: string, entries: RoomEntry[], now?: () => number}} start */
  constructor({ me, epoch, entries, now = Date.now }) {
    this.me = me;
    this.epoch = epoch;
    this.#now = now;
    this.live = false;
    this.people.meet(me);
    this.#unread = new Unread(() => this.me.id, now);
    for (const entry of entries) this.#setRoom(entry);
  }

  /** @param {number} id */
  room(id) {
    return this.rooms.get(id);
  }

  /** The newest that is known of a person; null for one who was erased. @param {User | null} user */
  person(user) {
    return this.people.newest(user);
  }

  /** @param {number} id */
  timeline(id) {
    const held = this.timelines.get(id);
    if (held) return held;
    const timeline = new Timeline();
    this.timelines.set(id, timeline);
    return timeline;
  }

  /** Direct conversations by the latest word, rooms by name. */
  sorted() {
    const all = [...this.rooms.values()];
    const direct = all.filter((room) => room.kind === "direct");
    const rooms = all.filter((room) => room.kind !== "direct");
    rooms.sort((a, b) => byName(a, b) || a.id - b.id);
    direct.sort((a, b) => (this.#spoke.get(b.id) ?? 0) - (this.#spoke.get(a.id) ?? 0) || b.seq - a.seq || a.id - b.id);
    return { rooms, direct };
  }

  /** What to go on from, for each room of which messages are held. */
  cursors() {
    /** @type {Record<string, number>} */
    const cursors = {};
    for (const [room, timeline] of this.timelines) {
      if (this.rooms.has(room) && timeline.loaded && timeline.cursor !== null) cursors[room] = timeline.cursor;
    }
    return cursors;
  }

  /** Another epoch: what is held belongs to a history that is no more. @param {string} epoch */
  begin(epoch) {
    if (epoch === this.epoch) return;
    this.epoch = epoch;
    this.timelines.clear();
    this.changed.emit({ type: "epoch" });
  }

  /**
   * One frame of a connection. `contiguous`: its resume has been answered, so that its events move cursors.
   * @param {Frame} frame @param {boolean} contiguous
   */
  apply(frame, contiguous = true) {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "rooms.more":
        for (const entry of frame.rooms) this.#setRoom(entry);
        return this.changed.emit({ type: "rooms" });
      case "message.created":
      case "message.updated":
        return this.#message(frame, contiguous);
      case "room.updated":
        return this.#roomUpdated(frame, contiguous);
      case "room.changes":
        return this.#roomChanges(frame);
      case "room.reset":
        return this.#roomReset(frame);
      case "room.joined":
        this.#setRoom(frame.state);
        this.changed.emit({ type: "joined", room: frame.room });
        return this.changed.emit({ type: "rooms" });
      case "room.left":
        return this.forget(frame.room);
      case "room.involvement":
        return this.#involve(frame.room, frame.involvement);
      case "read":
        return this.setRead(/** @type {any} */ (frame));
      case "user.updated":
        if (frame.user.erased) this.people.erase(frame.user.id);
        else this.people.meet(frame.user);
        if (frame.user.id === this.me.id) this.me = frame.user;
        return this.changed.emit({ type: "people" });
      case "typing":
        this.typing.heard(frame.room, frame.user.id, this.#now());
        this.people.meet(frame.user);
        return this.changed.emit({ type: "typing", room: frame.room });
      case "presence":
        this.people.hear(frame);
        return this.changed.emit({ type: "presence" });
      default:
        return undefined;
    }
  }

  /** @param {RoomEntry} entry */
  add(entry) {
    this.#setRoom(entry);
    this.changed.emit({ type: "rooms" });
  }

  /** @param {number} room */
  forget(room) {
    if (!this.rooms.delete(room)) return;
    this.timelines.delete(room);
    this.changed.emit({ type: "left", room });
    this.changed.emit({ type: "rooms" });
  }

  /** An ack's message: its event comes too, and that one is counted. @param {Message} message */
  confirm(message) {
    if (this.timelines.get(message.room)?.apply(message)) this.changed.emit({ type: "timeline", room: message.room, message });
  }

  /** The server's own counts. @param {ReadPosition} read */
  setRead(read) {
    const room = this.rooms.get(read.room);
    if (!room) return;
    this.#unread.settle(room, read);
    this.changed.emit({ type: "rooms" });
  }

  /** Read up to `seq` here, before the server has said so. @param {number} id @param {number} seq */
  readLocally(id, seq) {
    const room = this.rooms.get(id);
    const timeline = this.timelines.get(id);
    if (!room || seq <= room.read_seq) return;
    room.read_seq = seq;
    if (timeline?.loaded && !timeline.hasAfter && timeline.first <= seq + 1) this.#unread.count(room, timeline.messages);
    this.changed.emit({ type: "rooms" });
  }

  /** A page is asked for: what is heard from now on is kept for it. Says up to which `seq` all was heard. @param {number} id */
  expectPage(id) {
    this.timeline(id);
    return this.live ? (this.rooms.get(id)?.seq ?? null) : null;
  }

  /**
   * A page has come. Says whether what changed since it was read has to be asked for.
   * @param {number} id @param {Page} page @param {"replace" | "prepend" | "append"} how @param {number | null} heardSince
   */
  addPage(id, page, how, heardSince) {
    const timeline = this.timeline(id);
    for (const message of page.messages) this.people.meet(message.author);
    timeline[how](page);
    if (how === "replace" || timeline.cursor === null) {
      const room = this.rooms.get(id);
      const gapless = heardSince !== null && page.seq >= heardSince && room;
      timeline.cursor = gapless ? Math.max(page.seq, room.seq) : page.seq;
      this.changed.emit({ type: "timeline", room: id });
      return !gapless;
    }
    this.changed.emit({ type: "timeline", room: id });
    return false;
  }

  /** @param {Frame} frame */
  #welcome(frame) {
    this.begin(frame.epoch);
    this.#unlisted = new Set(this.rooms.keys());
    this.me = frame.user;
    this.people.meet(this.me);
    this.people.begin();
    for (const entry of frame.rooms) this.#setRoom(entry);
    this.changed.emit({ type: "rooms" });
  }

  /** The list of a welcome has ended, for it may go on in `rooms.more`: what it did not name is gone. */
  listed() {
    for (const room of this.#unlisted) this.forget(room);
    this.#unlisted.clear();
  }

  /** @param {Frame} frame @param {boolean} contiguous */
  #message(frame, contiguous) {
    const { room: id, seq } = frame;
    /** @type {Message} */
    const message = frame.message;
    this.people.meet(message.author);
    const room = this.rooms.get(id);
    if (room && seq > room.seq) this.#count(room, message, frame.type === "message.created", seq);
    if (frame.type === "message.created" && message.author && this.typing.done(id, message.author.id)) {
      this.changed.emit({ type: "typing", room: id });
    }
    this.#moveCursor(id, seq, contiguous);
    const timeline = this.timelines.get(id);
    if (timeline?.apply(message)) this.changed.emit({ type: "timeline", room: id, message });
    this.changed.emit({ type: "message", message });
  }

  /** @param {RoomEntry} room @param {Message} message @param {boolean} created @param {number} seq */
  #count(room, message, created, seq) {
    room.seq = seq;
    if (created) this.#spoke.set(room.id, Date.parse(message.created_at));
    if (this.#unread.hear(room, message, created)) this.changed.emit({ type: "recount", room: room.id });
    this.changed.emit({ type: "rooms" });
  }

  /** @param {Frame} frame @param {boolean} contiguous */
  #roomUpdated(frame, contiguous) {
    this.#setState(frame.room, frame.state, frame.seq);
    this.#moveCursor(frame.room, frame.seq, contiguous);
    this.changed.emit({ type: "room", room: frame.room });
    this.changed.emit({ type: "rooms" });
  }

  /** @param {Frame} frame */
  #roomChanges(frame) {
    const { room: id, after, seq } = frame;
    const room = this.rooms.get(id);
    const news = /** @type {Message[]} */ (frame.messages);
    if (room && seq > room.seq) {
      for (const message of news) {
        if (message.changed_seq > room.seq) this.#count(room, message, message.seq > room.seq, room.seq);
      }
      this.changed.emit({ type: "recount", room: id });
    }
    this.#setState(id, frame.state, seq);
    const timeline = this.timelines.get(id);
    for (const message of news) {
      this.people.meet(message.author);
      timeline?.apply(message);
      this.changed.emit({ type: "message", message });
    }
    if (timeline && timeline.cursor !== null && after <= timeline.cursor) timeline.cursor = Math.max(timeline.cursor, seq);
    this.changed.emit({ type: "timeline", room: id });
    this.changed.emit({ type: "room", room: id });
    this.changed.emit({ type: "rooms" });
  }

  /** @param {Frame} frame */
  #roomReset(frame) {
    this.#setState(frame.room, frame.state, frame.seq);
    this.timelines.delete(frame.room);
    this.changed.emit({ type: "reset", room: frame.room });
    this.changed.emit({ type: "recount", room: frame.room });
    this.changed.emit({ type: "rooms" });
  }

  /** As it was chosen elsewhere. @param {number} id @param {string} involvement */
  #involve(id, involvement) {
    const room = this.rooms.get(id);
    if (!room) return;
    room.involvement = involvement;
    this.changed.emit({ type: "rooms" });
  }

  /** @param {RoomEntry} entry */
  #setRoom(entry) {
    this.rooms.set(entry.id, { ...entry });
    this.#unlisted.delete(entry.id);
    for (const user of entry.members ?? []) this.people.meet(user);
    this.#unread.settle(entry);
  }

  /** @param {number} id @param {RoomState} state @param {number} seq */
  #setState(id, state, seq) {
    const room = this.rooms.get(id);
    if (room && state) {
      Object.assign(room, state, { seq: Math.max(room.seq, seq) });
      this.timelines.get(id)?.prune(state.first_seq);
    }
  }

  /** @param {number} id @param {number} seq @param {boolean} contiguous */
  #moveCursor(id, seq, contiguous) {
    const timeline = this.timelines.get(id);
    if (contiguous && timeline?.cursor === seq - 1) timeline.cursor = seq;
  }
}
