import { best, place } from "../models/matching.js";
import { byName } from "../models/names.js";
import { avatar, groupAvatar } from "../dom/avatar.js";
import { dialog, field } from "../dom/dialogs.js";
import { countOf } from "../dom/format.js";
import { byId, clone, icon, slot } from "../dom/piece.js";
import { say } from "../dom/texts.js";
import { get } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {RoomEntry, User} from "../models/types.js" */
/**
 * @typedef {{name: string, icon: string, run: () => void}} Command
 * @typedef {{lead: Node, name: string, note: string, count: number, run: () => void}} Choice
 */

const SHOWN = 7; // of each kind

/** Ctrl+K: rooms, people and commands, by typing. */
export class Switcher extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  #box = dialog("switcher");
  #find = field("switcher-find");
  #list = byId("switcher-list");
  /** @type {Choice[]} */
  #choices = [];
  #chosen = 0;
  #look = 0;
  /** @type {User[]} */
  #people = [];
  /** @type {{go: (room: number) => void, write: (users: number[]) => void, order: () => RoomEntry[], commands: () => Command[]}} */
  #ways = /** @type {any} */ (null);

  /** @param {Session} session @param {{go: (room: number) => void, write: (users: number[]) => void, order: () => RoomEntry[], commands: () => Command[]}} ways */
  start(session, ways) {
    this.#session = session;
    this.#ways = ways;
    this.#find.addEventListener("input", () => this.#search());
    this.#find.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => {
      const choice = event.target instanceof Element ? event.target.closest(".choice") : null;
      if (choice) this.#take([...this.#list.querySelectorAll(".choice")].indexOf(choice));
    });
  }

  open() {
    if (this.#box.open) return this.#box.close();
    this.#find.value = "";
    this.#people = [];
    this.#box.showModal();
    this.#search();
  }

  async #search() {
    const look = ++this.#look;
    this.#paint();
    const query = this.#query;
    if (!query) return;
    const answer = await get(`/people?q=${encodeURIComponent(query)}`).catch(() => null);
    if (!answer || look !== this.#look) return;
    this.#people = answer.users;
    this.#paint();
  }

  get #query() {
    return this.#find.value.trim().replace(/^@/, "");
  }

  #paint() {
    const query = this.#query;
    const onlyPeople = this.#find.value.trim().startsWith("@");
    const groups = onlyPeople
      ? [{ title: "people", choices: this.#persons(query, []) }]
      : [
          { title: "rooms", choices: this.#rooms(query) },
          { title: "people", choices: query ? this.#persons(query, this.#foundRooms(query)) : [] },
          { title: "commands", choices: query ? this.#commands(query) : [] },
        ];
    this.#choices = groups.flatMap((group) => group.choices);
    this.#list.replaceChildren(...groups.flatMap((group) => this.#group(group.title, group.choices, query)));
    if (!this.#choices.length) this.#list.append(titled(say("nothing_found")));
    this.#choose(0);
  }

  /** @param {string} query */
  #foundRooms(query) {
    const order = this.#ways.order();
    if (!query) order.sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0));
    return best(order, query, (room) => [this.#session.nameOf(room)]).slice(0, query ? SHOWN : 12);
  }

  /** @param {string} query @returns {Choice[]} */
  #rooms(query) {
    const { here } = this.#session;
    return this.#foundRooms(query).map((room) => ({
      lead: this.#lead(room),
      name: this.#session.nameOf(room),
      note: room.id === here ? say("you_are_here") : room.topic,
      count: room.unread,
      run: () => this.#ways.go(room.id),
    }));
  }

  /** @param {RoomEntry} room */
  #lead(room) {
    if (room.kind !== "direct") return icon(room.kind === "closed" ? "arch-key" : "arch");
    const others = this.#session.othersOf(room);
    return others.length > 1 ? groupAvatar(others.length) : avatar(this.#session.store.person(others[0] ?? null), "s");
  }

  /** Those with whom a conversation is listed already are left out. @param {string} query @param {RoomEntry[]} shown @returns {Choice[]} */
  #persons(query, shown) {
    const { store } = this.#session;
    /** @type {Map<number, User>} */
    const known = new Map();
    for (const user of [...store.people.all, ...this.#people]) if (user.id !== store.me.id) known.set(user.id, user);
    for (const room of shown) if (room.members?.length === 2) for (const { id } of room.members) known.delete(id);
    return best([...known.values()].sort(byName), query, (user) => [user.name, user.username])
      .slice(0, SHOWN)
      .map((user) => ({ lead: this.#face(user), name: user.name, note: `@${user.username}`, count: 0, run: () => this.#ways.write([user.id]) }));
  }

  /** @param {User} user */
  #face(user) {
    const face = document.createElement("span");
    face.className = `presence presence--${this.#session.store.people.online.has(user.id) ? "here" : "away"}`;
    face.append(avatar(user, "s"));
    return face;
  }

  /** @param {string} query @returns {Choice[]} */
  #commands(query) {
    return best(this.#ways.commands(), query, (command) => [command.name]).map((command) => ({
      lead: icon(command.icon),
      name: command.name,
      note: "",
      count: 0,
      run: command.run,
    }));
  }

  /** @param {string} title @param {Choice[]} choices @param {string} query @returns {HTMLElement[]} */
  #group(title, choices, query) {
    if (!choices.length) return [];
    return [titled(say(title)), ...choices.map((choice) => row(choice, query))];
  }

  /** @param {number} at */
  #choose(at) {
    const rows = [...this.#list.querySelectorAll(".choice")];
    if (!rows.length) return this.#find.removeAttribute("aria-activedescendant");
    this.#chosen = (at + rows.length) % rows.length;
    rows.forEach((one, index) => {
      one.id = `switcher-${index}`;
      one.setAttribute("aria-selected", String(index === this.#chosen));
    });
    this.#find.setAttribute("aria-activedescendant", `switcher-${this.#chosen}`);
    rows[this.#chosen].scrollIntoView({ block: "nearest" });
  }

  /** @param {number} at */
  #take(at) {
    this.#box.close();
    this.#choices[at]?.run();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") this.#choose(this.#chosen + 1);
    else if (event.key === "ArrowUp") this.#choose(this.#chosen - 1);
    else if (event.key === "Enter") this.#take(this.#chosen);
    else if (event.key === "Escape") this.#box.close(); // a search field would only empty itself
    else return;
    event.preventDefault();
  }
}

/** @param {string} text */
function titled(text) {
  const title = clone("t-choice-title");
  title.textContent = text;
  return title;
}

/** @param {Choice} choice @param {string} query */
function row(choice, query) {
  const element = clone("t-choice");
  slot(element, "lead").append(choice.lead);
  const name = slot(element, "name");
  const marked = place(choice.name, query);
  if (marked) {
    const mark = document.createElement("mark");
    mark.textContent = choice.name.slice(...marked);
    name.append(choice.name.slice(0, marked[0]), mark, choice.name.slice(marked[1]));
  } else {
    name.textContent = choice.name;
  }
  slot(element, "note").textContent = choice.note;
  const count = slot(element, "count");
  count.hidden = choice.count === 0;
  count.textContent = countOf(choice.count);
  return element;
}
