import { emojiName, findEmoji } from "../models/emoji.js";
import { Members } from "../models/members.js";
import { avatar } from "../dom/avatar.js";
import { byId, clone, slot } from "../dom/piece.js";
import { language } from "../dom/texts.js";
import { get } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {User} from "../models/types.js" */
/** @typedef {{name: string, note: string, value: string, user?: User}} Offer */

const SHOWN = 6;

/** `@` offers the room's members, `:` emoji. It takes a key only for a list that fits what is written now. */
export class Completion {
  #box = byId("completion");
  /** @type {Offer[]} */
  #offers = [];
  #chosen = 0;
  #from = 0;
  #look = 0;
  #members = new Members({ get, pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) });
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
    this.#show([]);
  }

  /** Offer what fits the word before the caret. */
  look() {
    const before = this.#text.value.slice(0, this.#text.selectionStart);
    const found = /(^|[\s(])([@:])([\p{L}\p{N}_.+-]*)$/u.exec(before);
    this.close();
    if (!found) return;
    const [, , sign, query] = found;
    this.#from = before.length - query.length - 1;
    if (sign === "@") this.#lookForPeople(query);
    else if (query.length > 1) this.#show(emoji(query));
  }

  /** Those who are known at once; those whom the server names when it does, if they are still looked for then. @param {string} query */
  async #lookForPeople(query) {
    const look = this.#look;
    const { room } = this.#session;
    if (!room) return;
    const wanted = () => look === this.#look;
    const offer = () => this.#show(this.#people(room.id, query));
    offer();
    if ((await this.#members.refresh(room)) && wanted()) offer();
    if (wanted() && (await this.#members.search(room.id, query)) && wanted()) offer();
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

  /** What was chosen stays so: somebody may be about to take it. @param {Offer[]} offers */
  #show(offers) {
    const chosen = this.#offers[this.#chosen]?.value;
    this.#offers = offers;
    this.#box.hidden = !offers.length;
    this.#text.removeAttribute("aria-activedescendant");
    this.#box.replaceChildren(
      ...offers.map((offer, at) => {
        const choice = clone("t-choice");
        choice.id = `completion-${at}`;
        slot(choice, "lead").append(offer.user ? avatar(offer.user, "s") : offer.value);
        slot(choice, "name").textContent = offer.name;
        slot(choice, "note").textContent = offer.note;
        return choice;
      }),
    );
    this.#choose(Math.max(0, offers.findIndex(({ value }) => value === chosen)));
  }

  /** @param {number} room @param {string} query @returns {Offer[]} */
  #people(room, query) {
    const { me } = this.#session.store;
    const found = this.#members.called(room, query).filter((user) => user.id !== me.id).slice(0, SHOWN);
    return found.map((user) => ({ name: user.name, note: `@${user.username}`, value: `@${user.username}`, user }));
  }
}

/** @param {string} query @returns {Offer[]} */
function emoji(query) {
  return findEmoji(query)
    .slice(0, SHOWN)
    .map(([sign]) => ({ name: emojiName(sign, language), note: "", value: sign }));
}
