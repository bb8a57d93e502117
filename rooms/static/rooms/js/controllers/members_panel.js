import { best } from "../models/matching.js";
import { byName } from "../models/names.js";
import { ask, field } from "../dom/dialogs.js";
import { keepFocus, neighbours } from "../dom/focus.js";
import { openMenu } from "../dom/menu.js";
import { attempt, notify } from "../dom/notice.js";
import { actOf, byId, clone, isTouch, slot } from "../dom/piece.js";
import { paintAvatar } from "../dom/avatar.js";
import { say } from "../dom/texts.js";
import { get, send } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {User} from "../models/types.js" */

const MUTES = [1, 24, 168]; // hours

/** Who is in the room, those who are here first. */
export class MembersPanel extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {User[]} */
  #members = [];
  /** Each person's item stays the same element, so that a menu gives the focus back to it. @type {Map<number, HTMLElement>} */
  #items = new Map();
  #look = 0;
  #panel = byId("panel");
  #list = byId("panel-list");
  /** @type {Set<number>} */
  #owners = new Set();
  /** @type {(users: number[]) => void} */
  #write = () => {};

  /** @param {Session} session @param {(users: number[]) => void} write starts a direct conversation */
  start(session, write) {
    this.#session = session;
    this.#write = write;
    field("panel-find").addEventListener("input", () => this.#paint());
    this.#list.addEventListener("click", (event) => this.#openMenu(event));
    session.store.changed.subscribe((change) => {
      if (this.#panel.hidden) return;
      if (change.type === "presence" || change.type === "people") this.#paint();
      if (change.type === "room" && change.room === session.here) this.load();
    });
  }

  get shown() {
    return !this.#panel.hidden;
  }

  show() {
    this.#panel.hidden = false;
    byId("app").classList.add("app--panel");
    byId("talk-people").setAttribute("aria-expanded", "true");
    field("panel-find").value = "";
    this.#items.clear();
    this.load();
    // A finger wants to see the people, not a keyboard over them
    const first = isTouch() ? this.#panel.querySelector("[data-act=close-side]") : field("panel-find");
    /** @type {HTMLElement | null} */ (first)?.focus();
  }

  hide() {
    if (!this.shown) return;
    this.#panel.hidden = true;
    byId("app").classList.remove("app--panel");
    byId("talk-people").setAttribute("aria-expanded", "false");
  }

  /** All of them, a page after the other. */
  async load() {
    const { here, room } = this.#session;
    const look = ++this.#look;
    if (here === null || !room) return this.hide();
    /** @type {User[]} */
    const members = [];
    let more = true;
    while (more) {
      const page = await attempt(get(`/rooms/${here}/members?after=${members.at(-1)?.id ?? 0}`));
      if (!page || look !== this.#look) return;
      members.push(...page.users);
      more = page.has_after;
      this.#owners = new Set(page.owners);
      this.#session.learnOwners(here, page.owners);
    }
    byId("panel-add").hidden = !this.#session.manages;
    this.#members = members;
    this.#paint();
  }

  #paint() {
    const { store } = this.#session;
    const found = best(this.#members, field("panel-find").value, (user) => [user.name, user.username]);
    found.sort(byName);
    const here = found.filter((user) => store.people.online.has(user.id) || user.id === store.me.id);
    const away = found.filter((user) => !here.includes(user));
    byId("panel-count").textContent = String(this.#members.length);
    this.#keepFocus(() => this.#list.replaceChildren(...this.#group("here", here), ...this.#group("away", away)));
    if (!found.length) this.#list.textContent = say("nobody_found");
  }

  /** Who has the focus may move, or go: then the next one has it. @param {() => void} change */
  #keepFocus(change) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll("button")]);
    const heirs = neighbours(buttons, /** @type {HTMLElement} */ (document.activeElement));
    keepFocus(this.#list, change, () => heirs.find((one) => one.checkVisibility()) ?? field("panel-find"));
  }

  /** @param {"here" | "away"} name @param {User[]} users @returns {HTMLElement[]} */
  #group(name, users) {
    if (!users.length) return [];
    const title = clone("t-people-title");
    slot(title, "name").textContent = say(name);
    slot(title, "count").textContent = String(users.length);
    const list = document.createElement("ul");
    list.append(...users.map((user) => this.#person(user, name)));
    return [title, list];
  }

  /** @param {User} user @param {"here" | "away"} where */
  #person(user, where) {
    const { store } = this.#session;
    const item = this.#items.get(user.id) ?? clone("t-person");
    const known = store.person(user) ?? user;
    this.#items.set(user.id, item);
    item.dataset.user = String(user.id);
    slot(item, "presence").className = `presence presence--${where}`;
    paintAvatar(slot(item, "avatar"), known);
    slot(item, "name").textContent = known.name;
    slot(item, "note").textContent = user.id === store.me.id ? say("you") : `@${known.username}`;
    slot(item, "tag").hidden = !this.#owners.has(user.id);
    const button = /** @type {HTMLElement} */ (item.querySelector("button"));
    button.hidden = user.id === store.me.id;
    button.setAttribute("aria-label", say("about_person", { name: known.name }));
    return item;
  }

  /** @param {Event} event */
  #openMenu(event) {
    const button = actOf(event);
    const id = Number(/** @type {HTMLElement | null} */ (button?.closest(".person"))?.dataset.user);
    const user = this.#members.find((one) => one.id === id);
    const { room, moderator, manages } = this.#session;
    if (!button || !user || !room) return;
    const { name } = user;
    /** @type {import("../dom/menu.js").Act[]} */
    const acts = [{ icon: "pencil", name: say("write_direct", { name }), run: () => this.#write([id]) }];
    if (moderator && room.kind !== "direct") {
      for (const hours of MUTES) acts.push({ icon: "bell-off", name: say(`mute_${hours}`), run: () => this.#mute(id, hours) });
      acts.push({ icon: "bell", name: say("unmute"), run: () => this.#mute(id, 0) });
    }
    if (manages) acts.push({ icon: "leave", name: say("remove_person", { name }), alarm: true, run: () => this.#remove(user) });
    openMenu(button, acts);
  }

  /** @param {number} user @param {number} hours 0: no longer */
  async #mute(user, hours) {
    const until = hours ? new Date(Date.now() + hours * 3_600_000).toISOString() : null;
    if (await attempt(send("PUT", `/rooms/${this.#session.here}/members/${user}/mute`, { until }))) notify(say(hours ? "muted_now" : "unmuted_now"));
  }

  /** @param {User} user */
  async #remove(user) {
    const { here, room } = this.#session;
    const text = say(room?.kind === "open" ? "remove_person_open_text" : "remove_person_text", { room: room?.name ?? "" });
    const yes = await ask({ title: say("remove_person_title", { name: user.name }), text, yes: say("remove_person_yes") });
    if (yes && (await attempt(send("DELETE", `/rooms/${here}/members/${user.id}`)))) this.load();
  }
}
