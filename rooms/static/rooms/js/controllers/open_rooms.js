import { best } from "../models/matching.js";
import { byName } from "../models/names.js";
import { dialog, field } from "../dom/dialogs.js";
import { keepFocus } from "../dom/focus.js";
import { attempt } from "../dom/notice.js";
import { byId, icon, isTouch } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";
import { get } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {RoomState} from "../models/types.js" */

const SHOWN = 100; // of those that were found

/** The open rooms that one is not in: finding one, looking in, joining. */
export class OpenRooms {
  /** @type {RoomState[]} */
  #rooms = [];
  /** Each room's row stays the same element, so that it keeps the focus. @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #loading = false;
  #look = 0;
  #box = dialog("browse");
  #find = field("browse-find");
  #list = byId("browse-list");
  #session;
  #go;

  /** @param {Session} session @param {(room: number) => void} go */
  constructor(session, go) {
    this.#session = session;
    this.#go = go;
    this.#find.addEventListener("input", () => this.#paint());
    this.#find.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#choose(event));
    this.#box.addEventListener("close", () => (this.#look += 1)); // nobody waits for the rest of them
  }

  open() {
    this.#find.value = "";
    this.#list.replaceChildren();
    if (!this.#box.open) this.#box.showModal();
    // A finger wants to see the rooms, not a keyboard over them
    const first = isTouch() ? this.#box.querySelector("[data-act=close-dialog]") : this.#find;
    /** @type {HTMLElement | null} */ (first)?.focus();
    this.#load();
  }

  /** All of them, a page after the other; the first stand there at once. */
  async #load() {
    const look = ++this.#look;
    this.#rooms = [];
    this.#rows.clear();
    this.#loading = true;
    const waiting = setTimeout(() => this.#paint(), 400);
    let after = 0;
    while (this.#loading) {
      const page = await attempt(get(`/rooms/open?after=${after}`));
      clearTimeout(waiting);
      if (look !== this.#look) return;
      if (!page) return this.#box.close();
      after = page.rooms.at(-1)?.id;
      this.#loading = page.has_after;
      this.#rooms.push(...page.rooms.filter((/** @type {{joined: boolean}} */ room) => !room.joined));
      this.#rooms.sort(byName);
      this.#paint();
    }
  }

  #paint() {
    const found = best(this.#rooms, this.#find.value, (room) => [room.name, room.topic]);
    const rows = found.slice(0, SHOWN).map((room) => this.#row(room));
    if (found.length > SHOWN) rows.push(rest(found.length - SHOWN));
    keepFocus(this.#list, () => this.#list.replaceChildren(...rows), () => this.#find);
    if (!rows.length) this.#list.textContent = say(this.#loading ? "loading" : this.#rooms.length ? "nothing_found" : "no_rooms");
  }

  /** @param {RoomState} room */
  #row(room) {
    const row = this.#rows.get(room.id) ?? openRoom(room);
    this.#rows.set(room.id, row);
    return row;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") this.#box.close(); // a search field would only empty itself
    else if (event.key === "Enter" || event.key === "ArrowDown") this.#list.querySelector("button")?.focus();
    else return;
    event.preventDefault();
  }

  /** @param {Event} event */
  async #choose(event) {
    const button = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("button[data-room]")) : null;
    if (!button) return;
    const id = Number(button.dataset.room);
    const came = button.dataset.act === "join-open" ? await attempt(this.#session.join(id)) : await this.#lookInto(id);
    if (!came) return;
    this.#box.close();
    this.#go(id);
  }

  /** As it is now; says whether it is still open. @param {number} id */
  async #lookInto(id) {
    const answer = await attempt(get(`/rooms/open?after=${id - 1}&limit=1`));
    if (!answer) return false;
    const room = answer.rooms[0];
    if (room?.id !== id) return void this.open();
    this.#session.take(room);
    return true;
  }
}

/** @param {RoomState} room */
function openRoom(room) {
  const item = document.createElement("div");
  item.className = "person";
  const name = document.createElement("span");
  name.className = "person__name";
  const title = document.createElement("b");
  title.textContent = room.name;
  const note = document.createElement("span");
  note.textContent = room.topic || sayCount("member_count", room.member_count);
  name.append(title, note);
  item.append(icon("arch"), name, button(room.id, "read-open", "look_in"), button(room.id, "join-open", "join"));
  return item;
}

/** @param {number} count */
function rest(count) {
  const line = document.createElement("p");
  line.className = "dialog__rest";
  line.textContent = sayCount("more_rooms", count);
  return line;
}

/** @param {number} room @param {string} act @param {string} label */
function button(room, act, label) {
  const element = document.createElement("button");
  element.className = "button";
  element.type = "button";
  element.dataset.act = act;
  element.dataset.room = String(room);
  element.textContent = say(label);
  return element;
}
