import { Drafts } from "../models/drafts.js";
import { Outbox } from "../models/outbox.js";
import { Reader } from "../models/reader.js";
import { Signal } from "../models/signal.js";
import { Store } from "../models/store.js";
import { get, send } from "./api.js";
import { Connection } from "./connection.js";
import { outboxStorage } from "./outbox_storage.js";
import { OwnReactions } from "./own_reactions.js";
import { followVisited } from "./visits.js";

/** @import {Message, Page, RoomEntry, RoomState, User} from "../models/types.js" */
/**
 * @typedef {{user: User, moderator: boolean, epoch: string, rooms: RoomEntry[], owned: number[],
 *   here: RoomEntry | RoomState | null, page: Page | null, at: number | null}} Data
 */

const PAGE = 50;
const DELETION_HOLDS = 10_000; // milliseconds in which one's own deletion can be taken back

/** What the controllers share: the state, the way to the server, and the room that one is in. */
export class Session {
  /** One has come into a room (or to none). @type {Signal<{at: number | null}>} */
  entered = new Signal();
  /** The composer shall answer, or edit nothing any longer. @type {Signal<Message | null>} */
  replying = new Signal();
  /** @type {number | null} */
  here = null;
  /** Open rooms that one reads without being in them. @type {Map<number, RoomState>} */
  visited = new Map();
  /** One's own deletions, and until when they can be taken back. @type {Map<number, number>} */
  undoable = new Map();

  /** @param {Data} data */
  constructor(data) {
    this.moderator = data.moderator;
    this.owned = new Set(data.owned);
    this.store = new Store({ me: data.user, epoch: data.epoch, entries: data.rooms });
    const address = new URL("/ws/v1/", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.connection = new Connection(address.href, this.store);
    this.ownReactions = new OwnReactions(
      () => this.store.me.id,
      (message) => this.store.changed.emit({ type: "timeline", room: message.room }),
    );
    this.drafts = new Drafts(localStorage, data.user.id);
    this.reader = new Reader(this.store, (command) => this.connection.send(command));
    this.outbox = new Outbox({
      storage: outboxStorage(data.user.id),
      send: (draft) => this.connection.send(sending(draft)),
      exclusively: (work) => alone(`plaza:outbox:${data.user.id}`, work),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    this.#connectParts(data.user.id);
    followVisited(this);
  }

  /** The room that one is in, whether a member or not. @returns {RoomEntry | RoomState | null} */
  get room() {
    return this.here === null ? null : (this.store.room(this.here) ?? this.visited.get(this.here) ?? null);
  }

  get member() {
    return this.here !== null && this.store.rooms.has(this.here);
  }

  /** The room that is here, as its member sees it. */
  get entry() {
    return this.here === null ? undefined : this.store.room(this.here);
  }

  /** Whether one can say something here. */
  get writable() {
    return this.member && !this.room?.archived;
  }

  /** Whether one may rename the room, archive it and say who is in it. */
  get manages() {
    return this.room !== null && this.room.kind !== "direct" && (this.moderator || this.owned.has(this.room.id));
  }

  /** What a room is called for this person. @param {RoomState} room */
  nameOf(room) {
    if (room.kind !== "direct") return room.name;
    const others = (room.members ?? []).filter((user) => user.id !== this.store.me.id);
    const shown = others.length ? others : [this.store.me];
    return shown.map((user) => this.store.person(user)?.name ?? "?").join(", ");
  }

  /** The other people of a direct conversation. @param {RoomState} room */
  othersOf(room) {
    return (room.members ?? []).filter((user) => user.id !== this.store.me.id);
  }

  /** @param {number} room @param {"" | `before=${number}` | `after=${number}` | `around=${number}` | `around_id=${number}`} where @param {"replace" | "prepend" | "append"} how */
  async load(room, where, how) {
    const { store } = this;
    const heardSince = store.expectPage(room);
    const { welcomes } = store;
    /** @type {Page} */
    const page = await get(`/rooms/${room}/messages?limit=${PAGE}${where && `&${where}`}`);
    if (page.epoch !== store.epoch && store.room(room)) store.begin(page.epoch);
    const behind = store.addPage(room, page, how, welcomes === store.welcomes ? heardSince : null);
    const cursor = store.timeline(room).cursor;
    if (behind && store.live && cursor !== null && store.rooms.has(room)) this.connection.catchUp(room, cursor);
  }

  /** Ownership is handed over without a word. @param {number} room @param {number[]} owners */
  learnOwners(room, owners) {
    if (owners.includes(this.store.me.id)) this.owned.add(room);
    else this.owned.delete(room);
  }

  /** @param {number} room */
  async askOwners(room) {
    const nobody = Number.MAX_SAFE_INTEGER; // the owners come with any page of members
    this.learnOwners(room, (await get(`/rooms/${room}/members?after=${nobody}`)).owners);
  }

  /** @param {number} room @param {string} body @param {number | null} replyTo */
  send(room, body, replyTo) {
    const now = Date.now();
    this.store.typing.sent(room);
    return this.outbox.add({
      key: crypto.randomUUID?.() ?? uuid(),
      room,
      body,
      reply_to: replyTo,
      created_at: new Date(now).toISOString(),
      order: now + Math.random() / 10,
    });
  }

  /** @param {Message} message */
  async delete(message) {
    await this.connection.send({ type: "message.delete", message: message.id });
    this.undoable.set(message.id, Date.now() + DELETION_HOLDS);
    setTimeout(() => {
      this.undoable.delete(message.id);
      this.store.changed.emit({ type: "timeline", room: message.room });
    }, DELETION_HOLDS);
    this.store.changed.emit({ type: "timeline", room: message.room });
  }

  /** @param {Message} message @param {string} emoji */
  async toggleReaction(message, emoji) {
    const mine = await this.ownReactions.find(message, emoji);
    await this.connection.send({ type: mine ? "reaction.remove" : "reaction.add", message: message.id, emoji });
    this.ownReactions.set(message, emoji, !mine);
  }

  /** Become a member of an open room. @param {number} room */
  async join(room) {
    const answer = await send("POST", `/rooms/${room}/join`);
    this.take(answer.room);
    return answer.room;
  }

  /** A room that an answer of the JSON door brought. @param {RoomEntry | RoomState} room */
  take(room) {
    if ("read_seq" in room) this.store.add(room);
    else this.visited.set(room.id, room);
  }

  /** Of a room that one has looked into, all up to one's joining. @param {number} room */
  #catchUp(room) {
    const cursor = this.store.timelines.get(room)?.cursor ?? null;
    if (cursor !== null) this.connection.catchUp(room, cursor);
  }

  /** @param {number} me */
  #connectParts(me) {
    const { store, outbox, reader } = this;
    const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(`plaza:outbox:${me}`) : null;
    let quiet = false;
    outbox.changed.subscribe(({ message }) => {
      if (message) store.apply({ type: "message.created", room: message.room, seq: 0, message }, false);
      if (!quiet) channel?.postMessage(message ?? null);
    });
    channel?.addEventListener("message", async ({ data: message }) => {
      // What another tab has sent stands here before its draft goes
      if (message) store.apply({ type: "message.created", room: message.room, seq: 0, message }, false);
      quiet = true;
      await outbox.reload();
      quiet = false;
    });
    store.changed.subscribe((change) => {
      if (change.type === "message" && change.message.author?.id === store.me.id) outbox.confirm(change.message);
      if (change.type === "recount") reader.recount(change.room);
      if (change.type === "joined") this.#catchUp(change.room);
    });
    let unsaid = new Map();
    this.connection.changed.subscribe(({ state }) => {
      if (state === "connecting") unsaid = reader.unsaid();
    });
    this.connection.resumed.subscribe(() => {
      reader.catchUp(unsaid);
      outbox.drain();
    });
  }
}

/** @param {{key: string, room: number, body: string, reply_to: number | null}} draft */
function sending({ key, room, body, reply_to }) {
  const command = { type: "message.send", room, key, body };
  return reply_to === null ? command : { ...command, reply_to };
}

/** @template T @param {string} name @param {() => Promise<T>} work @returns {Promise<T>} */
function alone(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}

/** Over plain http on a foreign machine there is no `randomUUID`. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
