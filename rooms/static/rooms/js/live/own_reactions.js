import { get } from "./api.js";

/** @import {Message, Reaction} from "../models/types.js" */

const AT_ONCE = 200; // messages of one question; the server's limit

/** One's own reactions. A message names only the first who held out an emoji: beyond them the server is asked. */
export class OwnReactions {
  /** Of messages that were asked about. @type {Map<number, Set<string>>} */
  #held = new Map();
  /** @type {Map<number, Message>} */
  #asking = new Map();
  #planned = false;
  #me;
  #learned;

  /** @param {() => number} me @param {(message: Message) => void} learned what was asked is known */
  constructor(me, learned) {
    this.#me = me;
    this.#learned = learned;
  }

  /** As far as it is known; what is not is asked for. @param {Message} message @param {Reaction} reaction */
  has(message, reaction) {
    if (reaction.users.includes(this.#me())) return true;
    if (namesAll(reaction)) return false;
    const held = this.#held.get(message.id);
    if (!held) this.#plan(message);
    return held?.has(reaction.emoji) ?? false;
  }

  /** What was learned of a message, as one word. @param {Message} message */
  of(message) {
    return [...(this.#held.get(message.id) ?? [])].join();
  }

  /** As the server knows it now: another tab may have changed it. @param {Message} message @param {string} emoji */
  async find(message, emoji) {
    const reaction = message.reactions.find((one) => one.emoji === emoji);
    if (!reaction) return false;
    if (reaction.users.includes(this.#me())) return true;
    if (namesAll(reaction)) return false;
    await this.#ask([message]);
    return this.has(message, reaction);
  }

  /** @param {Message} message @param {string} emoji @param {boolean} mine */
  set(message, emoji, mine) {
    const held = this.#held.get(message.id);
    if (!held) return;
    if (mine) held.add(emoji);
    else held.delete(emoji);
    this.#learned(message);
  }

  /** All of one painting are one question. @param {Message} message */
  #plan(message) {
    this.#asking.set(message.id, message);
    if (this.#planned) return;
    this.#planned = true;
    setTimeout(async () => {
      const messages = [...this.#asking.values()].filter((one) => !this.#held.has(one.id)).slice(0, AT_ONCE);
      this.#asking.clear();
      await this.#ask(messages).catch(() => {}); // then at the next painting
      this.#planned = false;
      for (const one of this.#asking.values()) this.#plan(one); // those of a painting meanwhile
      for (const one of messages) if (this.#held.has(one.id)) this.#learned(one);
    });
  }

  /** @param {Message[]} messages */
  async #ask(messages) {
    if (!messages.length) return;
    const { reactions } = await get(`/reactions?messages=${messages.map((one) => one.id).join()}`);
    for (const { id } of messages) this.#held.set(id, new Set());
    for (const { message, emoji } of reactions) this.#held.get(message)?.add(emoji);
  }
}

/** @param {Reaction} reaction */
function namesAll(reaction) {
  return reaction.count <= reaction.users.length;
}
