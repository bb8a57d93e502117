import { openMenu } from "../dom/menu.js";
import { prepareDialogs } from "../dom/dialogs.js";
import { nameKeys } from "../dom/keys.js";
import { notify } from "../dom/notice.js";
import { actOf, byId, isTouch } from "../dom/piece.js";
import { readTexts, say } from "../dom/texts.js";
import { Session } from "../live/session.js";
import { Composer } from "./composer.js";
import { ConnectionBar } from "./connection_bar.js";
import { Conversation } from "./conversation.js";
import { MembersPanel } from "./members_panel.js";
import { commands, ownActs, roomActs } from "./page_acts.js";
import { Picker } from "./picker.js";
import { RoomForms } from "./room_forms.js";
import { RoomList } from "./room_list.js";
import { Shortcuts } from "./shortcuts.js";
import { Switcher } from "./switcher.js";

/** @import {Data} from "../live/session.js" */

const PARTS = {
  "plaza-bar": ConnectionBar,
  "plaza-composer": Composer,
  "plaza-conversation": Conversation,
  "plaza-forms": RoomForms,
  "plaza-panel": MembersPanel,
  "plaza-picker": Picker,
  "plaza-rooms": RoomList,
  "plaza-switcher": Switcher,
};

/** The page as a whole: where one is, its address, its keys. */
export class App extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  #rooms = /** @type {RoomList} */ (/** @type {unknown} */ (null));
  #conversation = /** @type {Conversation} */ (/** @type {unknown} */ (null));
  #composer = /** @type {Composer} */ (/** @type {unknown} */ (null));
  #panel = /** @type {MembersPanel} */ (/** @type {unknown} */ (null));
  #switcher = /** @type {Switcher} */ (/** @type {unknown} */ (null));
  #forms = /** @type {RoomForms} */ (/** @type {unknown} */ (null));
  #site = byId("talk-title").textContent;

  connectedCallback() {
    readTexts();
    nameKeys();
    /** @type {Data} */
    const data = JSON.parse(byId("data").textContent ?? "");
    for (const [name, part] of Object.entries(PARTS)) if (!customElements.get(name)) customElements.define(name, part);
    this.#session = new Session(data);
    this.#startParts();
    this.#listen();
    this.#begin(data);
  }

  #startParts() {
    const session = this.#session;
    const picker = /** @type {Picker} */ (document.querySelector("plaza-picker"));
    const openPicker = (/** @type {Element} */ anchor, /** @type {(emoji: string) => void} */ choose) => picker.open(anchor, choose);
    this.#rooms = /** @type {RoomList} */ (this.querySelector("plaza-rooms"));
    this.#conversation = /** @type {Conversation} */ (this.querySelector("plaza-conversation"));
    this.#composer = /** @type {Composer} */ (this.querySelector("plaza-composer"));
    this.#panel = /** @type {MembersPanel} */ (this.querySelector("plaza-panel"));
    this.#switcher = /** @type {Switcher} */ (document.querySelector("plaza-switcher"));
    this.#forms = /** @type {RoomForms} */ (document.querySelector("plaza-forms"));
    const go = (/** @type {number} */ room) => this.#go(room);
    const write = (/** @type {number[]} */ users) => void this.#forms.write(users);
    prepareDialogs();
    picker.start();
    this.#rooms.start(session);
    this.#conversation.start(session, openPicker);
    this.#composer.start(session, this.#conversation, openPicker);
    this.#panel.start(session, write);
    this.#forms.start(session, go);
    this.#switcher.start(session, { go, write, order: () => this.#rooms.order, commands: () => commands(this.#session, this.#forms) });
    /** @type {ConnectionBar} */ (this.querySelector("plaza-bar")).start(session);
    new Shortcuts({
      switcher: this.#switcher,
      conversation: this.#conversation,
      composer: this.#composer,
      step: (by, unread) => this.#step(by, unread),
      closeSide: () => this.#closeSide(),
    });
  }

  #listen() {
    const { store, connection } = this.#session;
    document.addEventListener("click", (event) => this.#click(event));
    addEventListener("popstate", () => this.#enter(...placeOf(location)));
    store.changed.subscribe((change) => {
      if (change.type === "left" && change.room === this.#session.here) this.#lostRoom();
      if (["rooms", "room", "people"].includes(change.type)) this.#paintHead();
    });
    connection.changed.subscribe(({ state, code }) => {
      if (state === "refused" && code === 4403) this.#composer.hidden = true;
    });
  }

  /** What the server has put into the page is shown at once; the connection follows. @param {Data} data */
  #begin(data) {
    const { store, visited, outbox, connection } = this.#session;
    if (data.here && !store.rooms.has(data.here.id)) visited.set(data.here.id, data.here);
    if (data.here && data.page) store.addPage(data.here.id, data.page, "replace", null);
    this.#enter(data.here?.id ?? null, data.at, true);
    outbox.reload().then(() => connection.start());
  }

  /** @param {number | null} room @param {number | null} at @param {boolean} [given] */
  #enter(room, at, given = false) {
    const session = this.#session;
    if (room !== null && !session.store.rooms.has(room) && !session.visited.has(room)) return void location.reload();
    session.here = room;
    this.#panel.hide();
    this.#closeDrawer();
    this.#paintHead();
    this.#composer.enter(); // first: it takes its height from the log
    this.#conversation.enter(at, given);
    session.entered.emit({ at });
  }

  /** @param {number} room @param {number | null} [at] */
  #go(room, at = null) {
    if (room === this.#session.here && at === null) {
      this.#closeDrawer();
      if (!isTouch()) this.#composer.focusText();
      return;
    }
    history.pushState(null, "", `/rooms/${room}/${at === null ? "" : `?at=${at}`}`);
    this.#enter(room, at);
  }

  /** One is no longer in the room that one was reading. */
  #lostRoom() {
    const next = this.#rooms.order[0];
    notify(say("left_room", { room: byId("talk-title").textContent ?? "" }));
    history.replaceState(null, "", next ? `/rooms/${next.id}/` : "/");
    this.#enter(next?.id ?? null, null);
  }

  #paintHead() {
    const { room } = this.#session;
    byId("talk-tools").hidden = !room;
    byId("talk-title").textContent = room ? this.#session.nameOf(room) : this.#site;
    byId("talk-topic").textContent = room?.topic ?? "";
    byId("talk-topic").title = room?.topic ?? "";
    const count = room?.member_count ?? 0;
    byId("talk-count").textContent = String(count);
    byId("talk-people").setAttribute("aria-label", say("members", { count }));
  }

  /** @param {Event} event */
  #click(event) {
    const link = event.target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (event.target.closest("a[href]")) : null;
    if (link) return this.#follow(event, link);
    const act = actOf(event);
    /** @type {Record<string, () => void>} */
    const acts = {
      switch: () => this.#switcher.open(),
      browse: () => this.#forms.browse(),
      "new-room": () => this.#forms.openNew(),
      "new-direct": () => this.#forms.openPeople("direct"),
      "add-people": () => this.#forms.openPeople("add"),
      rename: () => this.#forms.openChange(),
      invite: () => void this.#forms.invite(),
      members: () => (this.#panel.shown ? this.#panel.hide() : this.#panel.show()),
      "open-rooms": () => this.#openDrawer(),
      "close-side": () => void this.#closeSide(),
      "room-menu": () => act && void this.#openRoomMenu(act),
      me: () => act && openMenu(act, ownActs(this.#session)),
    };
    acts[act?.dataset.act ?? ""]?.();
  }

  /** Links to rooms and messages of this site need no reload. @param {Event} event @param {HTMLAnchorElement} link */
  #follow(event, link) {
    const click = /** @type {MouseEvent} */ (event);
    if (event.defaultPrevented || click.ctrlKey || click.metaKey || click.shiftKey || link.origin !== location.origin) return;
    const [room, at] = placeOf(link);
    if (room === null || !(this.#session.store.rooms.has(room) || this.#session.visited.has(room))) return;
    event.preventDefault();
    this.#go(room, at);
  }

  /** What one may do here is looked up again while the menu stands there already. @param {Element} anchor */
  async #openRoomMenu(anchor) {
    const { here, manages } = this.#session;
    openMenu(anchor, roomActs(this.#session, this.#forms));
    if (here === null) return;
    await this.#session.askOwners(here).catch(() => {});
    const changed = this.#session.here === here && this.#session.manages !== manages;
    if (changed && anchor.getAttribute("aria-expanded") === "true") openMenu(anchor, roomActs(this.#session, this.#forms));
  }

  /** @param {number} step @param {boolean} unread */
  #step(step, unread) {
    const rooms = this.#rooms.order;
    const at = rooms.findIndex((room) => room.id === this.#session.here);
    for (let n = 1; n <= rooms.length; n += 1) {
      const room = rooms[(at + step * n + rooms.length * n) % rooms.length];
      if (!unread || (room.unread > 0 && room.id !== this.#session.here)) return this.#go(room.id);
    }
  }

  #openDrawer() {
    this.classList.add("app--drawer");
    /** @type {HTMLElement | null} */ (byId("rooms").querySelector("[aria-current], .room-link"))?.focus();
  }

  #closeDrawer() {
    this.classList.remove("app--drawer");
  }

  /** Says whether something was open there. */
  #closeSide() {
    if (!this.#panel.shown && !this.classList.contains("app--drawer")) return false;
    const back = this.#panel.shown ? byId("talk-people") : this.querySelector("[data-act=open-rooms]");
    this.#panel.hide();
    this.#closeDrawer();
    if (back instanceof HTMLElement) back.focus();
    return true;
  }
}

/** The room and the message that an address means. @param {{pathname: string, search: string}} address @returns {[number | null, number | null]} */
function placeOf({ pathname, search }) {
  const room = /^\/rooms\/(\d+)\/$/.exec(pathname);
  const at = Number(new URLSearchParams(search).get("at"));
  return [room ? Number(room[1]) : null, Number.isSafeInteger(at) && at > 0 ? at : null];
}
