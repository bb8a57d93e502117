import { Signal } from "../models/signal.js";
import * as api from "./api.js";

/** @import {Connection} from "./connection.js" */
/** @import {Drafts} from "../models/drafts.js" */
/** @import {Outbox} from "../models/outbox.js" */
/** @import {Store} from "../models/store.js" */
/** @import {Message, RoomEntry, RoomState} from "../models/types.js" */
/** @typedef {{store: Store, connection: Connection, outbox: Outbox, drafts: Drafts, moderator: boolean, owned: number[]}} Parts */

const PAGE = 50;
const FAR_BEHIND = 30; // unread messages, from which on one starts to read where one left off
const TIMELINES = 12; // rooms of which messages are held
const READ_EVERY = 1_000; // milliseconds; the protocol's

/** What one does in the plaza: go to a room, read on, speak. */
export class Session {
  /** Another room, or none, is here now. @type {Signal<{seq: number | null}>} */
  moved = new Signal();
  /** Something was refused; the detail is for the reader. @type {Signal<{code: string, detail?: string}>} */
  refused = new Signal();
  /** @type {number | null} */
  here = null;
  /** Where the reader left off in the room that is here, if there was something new. @type {number | null} */
  newAfter = null;
  /** Open rooms that one looks into. @type {Map<number, RoomState>} */
  previews = new Map();
  /** After “mark unread from here” nothing is read until one leaves. */
  keepUnread = false;
  /** @type {Map<number, {at: number, timer: number, seq: number}>} */
  #reads = new Map();
  /** @type {Map<number, number>} */
  #recounts = new Map();
  /** @type {Set<string>} */
  #loading = new Set();

  /** @param {Parts} parts */
  constructor({ store, connection, outbox, drafts, moderator, owned }) {
    this.store = store;
    this.connection = connection;
    this.outbox = outbox;
    this.drafts = drafts;
    this.moderator = moderator;
    this.owned = new Set(owned);
    store.changed.subscribe((change) => {
      if (change.type === "recount") this.#recountSoon(change.room);
      if (change.type === "reset" && change.room === this.here) void this.reload();
      if (change.type === "epoch" && this.here !== null) void this.reload();
    });
    connection.resumed.subscribe(() => this.#catchUp());
  }

  /** The room that is here, as its member or its guest sees it. @returns {RoomState | null} */
  get room() {
    return this.here === null ? null : (this.store.room(this.here) ?? this.previews.get(this.here) ?? null);
  }

  /** @returns {RoomEntry | null} */
  get entry() {
    return this.here === null ? null : (this.store.room(this.here) ?? null);
  }

  get timeline() {
    return this.here === null ? null : this.store.timeline(this.here);
  }

  get mayManage() {
    const room = this.room;
    return !!room && room.kind !== "direct" && (this.moderator || this.owned.has(room.id));
  }

  /** Go to a room, and there to a message. @param {number} id @param {number | null} [seq] */
  async open(id, seq = null) {
    if (!this.store.room(id) && !this.previews.has(id)) await this.#look(id);
    this.stand(id);
    const timeline = this.store.timeline(id);
    const wanted = seq ?? this.#startOf(id);
    const holds = timeline.loaded && (wanted === null ? !timeline.hasAfter : timeline.first <= wanted && wanted <= timeline.last);
    this.moved.emit({ seq });
    if (holds) return;
    await this.#load(id, wanted === null ? "" : `around=${wanted}`, "replace");
    if (this.here === id) this.moved.emit({ seq });
  }

  /** Be in a room whose first page is held. @param {number | null} id */
  stand(id) {
    const entry = id === null ? undefined : this.store.room(id);
    this.here = id;
    this.keepUnread = false;
    this.newAfter = entry && entry.unread > 0 ? entry.read_seq : null;
    for (const held of [...this.store.timelines.keys()].slice(0, -TIMELINES)) {
      if (held !== id) this.store.timelines.delete(held);
    }
  }

  /** @param {number} id */
  #startOf(id) {
    const entry = this.store.room(id);
    return entry && entry.unread > FAR_BEHIND ? entry.read_seq : null;
  }

  /** An open room that one is not in. @param {number} id */
  async #look(id) {
    const { rooms } = await api.get("/rooms/open");
    const found = rooms.find((/** @type {RoomState} */ room) => room.id === id);
    if (!found) throw { code: "not_found" };
    this.previews.set(id, found);
  }

  async loadBefore() {
    const timeline = this.timeline;
    if (timeline?.loaded && timeline.hasBefore) await this.#load(/** @type {number} */ (this.here), `before=${timeline.first}`, "prepend");
  }

  async loadAfter() {
    const timeline = this.timeline;
    if (timeline?.loaded && timeline.hasAfter) await this.#load(/** @type {number} */ (this.here), `after=${timeline.last}`, "append");
  }

  async loadEnd() {
    if (this.here !== null && this.timeline?.hasAfter) await this.#load(this.here, "", "replace");
  }

  async reload() {
    if (this.here === null) return;
    await this.#load(this.here, "", "replace");
    this.moved.emit({ seq: null });
  }

  /** @param {number} id @param {string} where @param {"replace" | "prepend" | "append"} how */
  async #load(id, where, how) {
    const asked = `${id}:${where}`;
    if (this.#loading.has(asked)) return;
    this.#loading.add(asked);
    const heardSince = this.store.live ? (this.store.room(id)?.seq ?? null) : null;
    try {
      const page = await api.get(`/rooms/${id}/messages?limit=${PAGE}${where ? `&${where}` : ""}`);
      const behind = this.store.addPage(id, page, how, heardSince);
      const cursor = this.store.timeline(id).cursor;
      if (behind && cursor !== null && this.store.room(id)) void this.connection.catchUp(id, cursor);
    } catch (error) {
      this.refused.emit(/** @type {any} */ (error));
    } finally {
      this.#loading.delete(asked);
    }
  }

  get loading() {
    return this.#loading.size > 0;
  }

  /** @param {string} body @param {number | null} reply_to */
  say(body, reply_to) {
    if (this.here === null) return;
    const now = new Date();
    void this.outbox.add({ key: uuid(), room: this.here, body, reply_to, created_at: now.toISOString(), order: now.getTime() });
    this.store.typing.sent(this.here);
  }

  typing() {
    if (this.here !== null && this.entry && this.store.typing.shouldSay(this.here, Date.now())) {
      this.connection.tell({ type: "typing", room: this.here });
    }
  }

  /** A command about a message; what it answers is shown at once. @param {{type: string, [field: string]: unknown}} command */
  async change(command) {
    try {
      const { message } = await this.connection.send(command);
      if (message) this.store.confirm(message);
      return true;
    } catch (error) {
      this.refused.emit(/** @type {any} */ (error));
      return false;
    }
  }

  /** @param {Message} message @param {string} emoji */
  toggle(message, emoji) {
    const mine = message.reactions.find((reaction) => reaction.emoji === emoji)?.users.includes(this.store.me.id);
    return this.change({ type: mine ? "reaction.remove" : "reaction.add", message: message.id, emoji });
  }

  /** Up to `seq` all is read; the server hears of it at most once a second. @param {number} seq */
  read(seq) {
    const entry = this.entry;
    if (!entry || this.keepUnread || seq <= entry.read_seq || entry.unread === 0) return;
    this.store.readLocally(entry.id, seq);
    this.#sayRead(entry.id, seq);
  }

  /** @param {RoomEntry} entry */
  readAll(entry) {
    if (entry.unread === 0) return;
    this.store.readLocally(entry.id, entry.seq);
    this.#sayRead(entry.id, entry.seq);
  }

  /** @param {number} room @param {number} seq */
  #sayRead(room, seq) {
    const said = this.#reads.get(room) ?? { at: 0, timer: 0, seq: 0 };
    this.#reads.set(room, said);
    said.seq = Math.max(said.seq, seq);
    if (said.timer) return;
    said.timer = setTimeout(() => {
      said.timer = 0;
      said.at = Date.now();
      this.#mark({ type: "room.read", room, seq: said.seq });
    }, Math.max(0, said.at + READ_EVERY - Date.now()));
  }

  /** @param {Message} message */
  async unreadFrom(message) {
    const said = this.#reads.get(message.room);
    if (said) clearTimeout(said.timer);
    this.#reads.delete(message.room);
    this.keepUnread = true;
    this.newAfter = message.seq - 1;
    await this.#mark({ type: "room.unread", room: message.room, seq: message.seq });
    this.moved.emit({ seq: null });
  }

  /** @param {{type: string, room: number, seq: number}} command */
  #mark(command) {
    return this.connection.send(command).then((ack) => this.store.setRead(ack), () => {});
  }

  /** @param {number} room */
  #recountSoon(room) {
    if (this.#recounts.has(room)) return;
    this.#recounts.set(room, setTimeout(() => {
      this.#recounts.delete(room);
      const entry = this.store.room(room);
      if (entry) void this.#mark({ type: "room.read", room, seq: entry.read_seq });
    }, 400));
  }

  /** What was read while nobody could hear it, and what waits to be said. */
  #catchUp() {
    for (const [room, { seq }] of this.#reads) {
      const entry = this.store.room(room);
      if (entry && entry.unread > 0 && seq > entry.read_seq) this.#sayRead(room, seq);
    }
    void this.outbox.drain();
    if (this.here !== null && !this.store.timeline(this.here).loaded) void this.reload();
  }
}

/** Also where the page is not served over TLS, which `crypto.randomUUID` asks for. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
