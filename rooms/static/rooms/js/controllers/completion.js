import { emojiName, findEmoji } from "../models/emoji.js";
import { best } from "../models/matching.js";
import { byName } from "../models/names.js";
import { avatar } from "../dom/avatar.js";
import { byId, clone, slot } from "../dom/piece.js";
import { language } from "../dom/texts.js";
import { get } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {User} from "../models/types.js" */
/** @typedef {{name: string, note: string, value: string, user?: User}} Offer */

const SHOWN = 6;
const MEMBERS_FRESH = 60_000; // milliseconds

/** `@` offers the room's members, `:` emoji. It takes a key only for a list that fits what is written now. */
export class Completion {
  #box = byId("completion");
  /** @type {Offer[]} */
  #offers = [];
  #chosen = 0;
  #from = 0;
  #look = 0;
  /** @type {Map<number, {users: User[], at: number}>} */
  #members = new Map();
  #text;
  #session;

  /** @param {HTMLTextAreaElement} text @param {Session} session */
  constructor(text, session) {
    this.#text = text;
    this.#session = session;
    text.addEventListener("blur", () => this.close());
    this.#box.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const choice = event.target instanceof Element ? event.target.closest(".choice") : null;
      if (choice) this.#take([...this.#box.children].indexOf(choice));
    });
  }

  close() {
    this.#look += 1;
    this.#offers = [];
    this.#box.hidden = true;
    this.#text.removeAttribute("aria-activedescendant");
  }

  /** Offer what fits the word before the caret. */
  async look() {
    const look = ++this.#look;
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const found = /(^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(before);
    if (!found || (found[2] === ":" && found[3].length < 2)) return this.close();
    const [, , sign, query] = found;
    const offers = sign === "@" ? await this.#people(query) : emoji(query);
    if (look !== this.#look) return;
    if (!offers.length) return this.close();
    this.#from = before.length - query.length - 1;
    this.#offers = offers;
    this.#chosen = 0;
    this.#paint();
  }

  /** Says whether the key was taken. @param {KeyboardEvent} event */
  key(event) {
    if (!this.#offers.length || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
    const count = this.#offers.length;
    if (event.key === "ArrowDown") this.#choose((this.#chosen + 1) % count);
    else if (event.key === "ArrowUp") this.#choose((this.#chosen - 1 + count) % count);
    else if (event.key === "Enter" && this.#isWritten(this.#chosen)) {
      this.close();
      return false;
    } else if (event.key === "Tab" || event.key === "Enter") this.#take(this.#chosen);
    else if (event.key === "Escape") {
      this.close();
      event.stopPropagation();
    } else return false;
    return true;
  }

  /** @param {number} at */
  #choose(at) {
    this.#chosen = at;
    [...this.#box.children].forEach((choice, index) => {
      choice.setAttribute("aria-selected", String(index === at));
      if (index === at) this.#text.setAttribute("aria-activedescendant", choice.id);
    });
  }

  /** Where the offer stands in the text already, letter by letter, Enter is meant for the message. @param {number} at */
  #isWritten(at) {
    return this.#text.value.slice(this.#from, this.#text.selectionStart) === this.#offers[at]?.value;
  }

  /** @param {number} at */
  #take(at) {
    const offer = this.#offers[at];
    if (!offer) return;
    this.#text.setRangeText(`${offer.value} `, this.#from, this.#text.selectionStart, "end");
    this.close();
    this.#text.dispatchEvent(new Event("input"));
  }

  #paint() {
    this.#box.hidden = false;
    this.#box.replaceChildren(
      ...this.#offers.map((offer, at) => {
        const choice = clone("t-choice");
        choice.id = `completion-${at}`;
        slot(choice, "lead").append(offer.user ? avatar(offer.user, "s") : offer.value);
        slot(choice, "name").textContent = offer.name;
        slot(choice, "note").textContent = offer.note;
        return choice;
      }),
    );
    this.#choose(0);
  }

  /** @param {string} query @returns {Promise<Offer[]>} */
  async #people(query) {
    const { here, store } = this.#session;
    if (here === null) return [];
    const members = (await this.#membersOf(here)).filter((user) => user.id !== store.me.id);
    const found = best(members, query, (user) => [user.name, user.username]).slice(0, SHOWN);
    return found.map((user) => ({ name: user.name, note: `@${user.username}`, value: `@${user.username}`, user }));
  }

  /** @param {number} room */
  async #membersOf(room) {
    const held = this.#members.get(room);
    if (held && Date.now() - held.at < MEMBERS_FRESH) return held.users;
    const direct = this.#session.room?.members;
    /** @type {User[]} */
    const found = direct ?? (await get(`/rooms/${room}/members`).catch(() => ({ users: [] }))).users;
    const users = [...found].sort(byName);
    this.#members.set(room, { users, at: Date.now() });
    return users;
  }
}

/** @param {string} query @returns {Offer[]} */
function emoji(query) {
  return findEmoji(query)
    .slice(0, SHOWN)
    .map(([sign]) => ({ name: emojiName(sign, language), note: "", value: sign }));
}
