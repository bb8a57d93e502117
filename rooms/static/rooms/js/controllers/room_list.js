import { avatar, groupAvatar, paintAvatar } from "../dom/avatar.js";
import { countOf } from "../dom/format.js";
import { byId, clone, icon, slot } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";

/** @import {Session} from "../live/session.js" */
/** @import {RoomEntry} from "../models/types.js" */

/** The list of rooms, and what tells of unread ones outside of it: the title and the icon. */
export class RoomList extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {Map<number, HTMLElement>} */
  #links = new Map();
  #planned = false;
  #site = document.title;
  #icon = /** @type {HTMLLinkElement} */ (document.querySelector("link[rel=icon]"));
  #plainIcon = this.#icon.href;

  /** @param {Session} session */
  start(session) {
    this.#session = session;
    session.store.changed.subscribe((change) => {
      if (["rooms", "presence", "people"].includes(change.type)) this.#plan();
    });
    session.drafts.changed.subscribe(() => this.#plan());
    session.entered.subscribe(() => this.#plan());
    this.#paint();
  }

  /** The rooms in the order in which they stand. @returns {RoomEntry[]} */
  get order() {
    const { rooms, direct } = this.#session.store.sorted();
    return [...rooms, ...direct];
  }

  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    requestAnimationFrame(() => {
      this.#planned = false;
      this.#paint();
    });
    // A hidden page draws no frames, but its title counts
    if (document.visibilityState === "hidden") this.#paintTitle();
  }

  #paint() {
    const { rooms, direct } = this.#session.store.sorted();
    this.#fill(byId("room-list"), rooms);
    this.#fill(byId("direct-list"), direct);
    byId("rooms-none").hidden = rooms.length > 0;
    byId("directs-none").hidden = direct.length > 0;
    for (const [id, item] of this.#links) {
      if (this.#session.store.rooms.has(id)) continue;
      item.remove();
      this.#links.delete(id);
    }
    this.#paintMe();
    this.#paintTitle();
  }

  /** @param {HTMLElement} list @param {RoomEntry[]} rooms */
  #fill(list, rooms) {
    rooms.forEach((room, at) => {
      const item = this.#links.get(room.id) ?? clone("t-room-link");
      this.#links.set(room.id, item);
      this.#paintLink(item, room);
      if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
    });
  }

  /** @param {HTMLElement} item @param {RoomEntry} room */
  #paintLink(item, room) {
    const { here, drafts } = this.#session;
    const link = /** @type {HTMLAnchorElement} */ (item.firstElementChild);
    const muted = room.involvement === "nothing";
    const unread = room.unread > 0 && !muted;
    const urgent = room.mentions > 0 || (room.kind === "direct" && unread);
    link.href = `/rooms/${room.id}/`;
    link.dataset.room = String(room.id);
    link.classList.toggle("room-link--unread", unread || room.mentions > 0);
    link.classList.toggle("room-link--muted", muted);
    if (room.id === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    slot(link, "name").textContent = this.#session.nameOf(room);
    this.#paintLead(slot(link, "lead"), room);
    slot(link, "draft").toggleAttribute("hidden", !(drafts.has(room.id) && room.id !== here));
    slot(link, "muted").toggleAttribute("hidden", !muted);
    const count = slot(link, "count");
    const number = room.kind === "direct" || room.mentions === 0 ? room.unread : room.mentions;
    count.hidden = !(unread || room.mentions > 0);
    count.classList.toggle("count--mention", urgent);
    count.textContent = countOf(number);
    count.setAttribute("aria-label", sayCount(room.mentions > 0 && room.kind !== "direct" ? "mentions" : "unread", number, { count: countOf(number) }));
    count.setAttribute("role", "img");
  }

  /** @param {HTMLElement} lead @param {RoomEntry} room */
  #paintLead(lead, room) {
    const others = this.#session.othersOf(room);
    const look = room.kind === "direct" ? others.map(({ id, avatar: picture }) => `${id}${picture}`).join() : room.kind;
    if (lead.dataset.look !== look) {
      lead.dataset.look = look;
      const sign = room.kind === "direct" ? this.#tile(room) : icon(room.kind === "closed" ? "arch-key" : "arch");
      lead.replaceChildren(sign);
    }
    const one = others.length === 1 ? others[0] : null;
    const tile = lead.firstElementChild;
    if (!one || !tile) return;
    const here = this.#session.store.people.online.has(one.id);
    tile.className = `presence presence--${here ? "here" : "away"}`;
    tile.setAttribute("role", "img");
    tile.setAttribute("aria-label", say(here ? "here" : "away"));
  }

  /** @param {RoomEntry} room */
  #tile(room) {
    const others = this.#session.othersOf(room);
    if (others.length > 1) return groupAvatar(others.length);
    const presence = document.createElement("span");
    presence.append(avatar(this.#session.store.person(others[0] ?? this.#session.store.me), "s"));
    return presence;
  }

  #paintMe() {
    const { me } = this.#session.store;
    byId("me-name").textContent = me.name;
    const box = byId("me-avatar");
    const tile = /** @type {HTMLElement | null} */ (box.firstElementChild);
    if (tile) paintAvatar(tile, me);
    else box.append(avatar(me, "m"));
  }

  #paintTitle() {
    const { store, room } = this.#session;
    const counted = [...store.rooms.values()].filter((entry) => entry.involvement !== "nothing");
    const calls = counted.reduce((sum, entry) => sum + (entry.kind === "direct" ? entry.unread : entry.mentions), 0);
    const unread = counted.some((entry) => entry.unread > 0);
    const name = room ? `${this.#session.nameOf(room)} · ${this.#site}` : this.#site;
    const title = calls ? `(${countOf(calls)}) ${name}` : unread ? `• ${name}` : name;
    if (document.title !== title) document.title = title;
    const address = unread || calls ? (this.#icon.dataset.unread ?? this.#plainIcon) : this.#plainIcon;
    if (this.#icon.href !== address) this.#icon.href = address;
    const elsewhere = counted.some((entry) => entry.unread > 0 && entry.id !== this.#session.here);
    byId("menu-dot").hidden = !elsewhere;
  }
}
