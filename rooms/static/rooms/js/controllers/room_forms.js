import { avatar } from "../dom/avatar.js";
import { ask, dialog, field, showError, showOnly } from "../dom/dialogs.js";
import { attempt, copy, notify, reasonOf } from "../dom/notice.js";
import { byId, clone, icon, isTouch, slot } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";
import { get, send } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {RoomEntry, RoomState, User} from "../models/types.js" */

const INVITATION_DAYS = 7;

/** What one does with rooms as a whole: open, browse, join, rename, archive, leave, invite, add people. */
export class RoomForms extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {(room: number) => void} */
  #go = () => {};
  /** @type {User[]} */
  #chosen = [];
  /** @type {User[]} */
  #found = [];
  #active = 0;
  #use = "new";
  #look = 0;

  /** @param {Session} session @param {(room: number) => void} go */
  start(session, go) {
    this.#session = session;
    this.#go = go;
    dialog("room-form").addEventListener("submit", (event) => this.#saveRoom(event));
    dialog("people-form").addEventListener("submit", (event) => this.#savePeople(event));
    dialog("invite").addEventListener("submit", (event) => {
      event.preventDefault();
      copy(field("invite-url").value, say("link_copied"));
    });
    byId("browse-list").addEventListener("click", (event) => this.#chooseOpen(event));
    field("people-find").addEventListener("input", () => this.#search());
    field("people-find").addEventListener("keydown", (event) => this.#peopleKey(event));
    byId("people-list").addEventListener("click", (event) => {
      const choice = event.target instanceof Element ? event.target.closest(".choice") : null;
      if (choice) this.#toggle(this.#found[[...byId("people-list").children].indexOf(choice)]);
    });
  }

  openNew() {
    this.#openRoomForm("new", "", "");
  }

  openChange() {
    const { room } = this.#session;
    if (room) this.#openRoomForm("change", room.name, room.topic);
  }

  async browse() {
    const box = dialog("browse");
    if (!box.open) box.showModal();
    const list = byId("browse-list");
    const waiting = setTimeout(() => (list.textContent = say("loading")), 400);
    const answer = await attempt(get("/rooms/open"));
    clearTimeout(waiting);
    if (!answer) return box.close();
    const others = answer.rooms.filter((/** @type {{joined: boolean}} */ room) => !room.joined);
    list.replaceChildren(...others.map(openRoom));
    if (!others.length) list.textContent = say("no_rooms");
  }

  /** @param {"direct" | "add"} use */
  openPeople(use) {
    const box = dialog("people-form");
    this.#use = use;
    this.#chosen = [];
    field("people-find").value = "";
    showOnly(box, use);
    showError(box, "");
    box.showModal();
    if (!isTouch()) field("people-find").focus();
    this.#paintChosen();
    this.#search();
  }

  async invite() {
    const { here } = this.#session;
    const answer = await attempt(send("POST", `/rooms/${here}/invitations`, { days: INVITATION_DAYS }));
    if (!answer) return;
    const box = dialog("invite");
    showError(box, "");
    field("invite-url").value = answer.url;
    box.showModal();
    field("invite-url").select();
    byId("invite-copy").focus();
  }

  async leave() {
    const { room } = this.#session;
    if (!room) return;
    const name = this.#session.nameOf(room);
    const text = say(room.kind === "direct" ? "leave_direct_text" : room.kind === "closed" ? "leave_closed_text" : "leave_text");
    if (!(await ask({ title: say("leave_title", { room: name }), text, yes: say("leave") }))) return;
    if (await attempt(send("POST", `/rooms/${room.id}/leave`))) this.#session.store.forget(room.id);
  }

  async archive() {
    const { room } = this.#session;
    if (!room) return;
    if (room.archived) {
      const answer = await attempt(send("POST", `/rooms/${room.id}/unarchive`));
      if (answer) this.#session.take(answer.room);
      return;
    }
    const yes = await ask({ title: say("archive_title", { room: room.name }), text: say("archive_text"), yes: say("archive_yes") });
    const answer = yes && (await attempt(send("POST", `/rooms/${room.id}/archive`)));
    if (answer) this.#session.take(answer.room);
  }

  async toggleMuted() {
    const { here, store } = this.#session;
    const entry = here === null ? undefined : store.room(here);
    if (!entry) return;
    const involvement = entry.involvement === "nothing" ? "mentions" : "nothing";
    if (await attempt(send("PUT", `/rooms/${entry.id}/involvement`, { involvement }))) store.add({ ...entry, involvement });
  }

  /** @param {number[]} users */
  async write(users) {
    const answer = await attempt(send("POST", "/directs", { users }));
    if (!answer) return;
    this.#session.take(answer.room);
    this.#go(answer.room.id);
  }

  /** @param {string} use @param {string} name @param {string} topic */
  #openRoomForm(use, name, topic) {
    const box = dialog("room-form");
    if (dialog("browse").open) dialog("browse").close();
    this.#use = use;
    showOnly(box, use);
    showError(box, "");
    field("room-name").value = name;
    field("room-topic").value = topic;
    box.showModal();
    field("room-name").select();
  }

  /** @param {SubmitEvent} event */
  async #saveRoom(event) {
    event.preventDefault();
    const box = dialog("room-form");
    const name = field("room-name").value.trim();
    const topic = field("room-topic").value.trim();
    if (!name) return showError(box, say("need_name"));
    const kind = new FormData(/** @type {HTMLFormElement} */ (event.target)).get("kind");
    try {
      const answer =
        this.#use === "new" ? await send("POST", "/rooms", { name, topic, kind }) : await send("PATCH", `/rooms/${this.#session.here}`, { name, topic });
      if (this.#use === "new") this.#session.owned.add(answer.room.id);
      this.#session.take(answer.room);
      box.close();
      if (this.#use === "new") this.#go(answer.room.id);
    } catch (error) {
      showError(box, reasonOf(error));
    }
  }

  /** @param {Event} event */
  async #chooseOpen(event) {
    const button = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("button[data-room]")) : null;
    if (!button) return;
    const id = Number(button.dataset.room);
    if (button.dataset.act === "join-open") {
      if (!(await attempt(this.#session.join(id)))) return;
    } else {
      const answer = await attempt(get("/rooms/open"));
      const room = answer?.rooms.find((/** @type {RoomState} */ one) => one.id === id);
      if (!room) return;
      this.#session.take(room);
    }
    dialog("browse").close();
    this.#go(id);
  }

  async #search() {
    const look = ++this.#look;
    const query = field("people-find").value.trim();
    const answer = await attempt(get(`/people?q=${encodeURIComponent(query)}`));
    if (!answer || look !== this.#look) return;
    this.#found = answer.users;
    this.#active = 0;
    this.#paintFound();
  }

  #paintFound() {
    const list = byId("people-list");
    list.replaceChildren(
      ...this.#found.map((user, at) => {
        const choice = clone("t-choice");
        const chosen = this.#chosen.some((one) => one.id === user.id);
        choice.id = `people-${at}`;
        slot(choice, "lead").append(chosen ? icon("check") : avatar(user, "s"));
        slot(choice, "name").textContent = user.name;
        slot(choice, "note").textContent = `@${user.username}`;
        choice.setAttribute("aria-selected", String(at === this.#active));
        choice.setAttribute("aria-checked", String(chosen));
        return choice;
      }),
    );
    if (!this.#found.length) list.textContent = say("nobody_found");
    field("people-find").setAttribute("aria-activedescendant", `people-${this.#active}`);
    list.children[this.#active]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #peopleKey(event) {
    if (event.isComposing) return;
    const count = this.#found.length;
    if (event.key === "Escape") dialog("people-form").close(); // a search field would only empty itself
    else if (event.key === "ArrowDown" && count) this.#active = (this.#active + 1) % count;
    else if (event.key === "ArrowUp" && count) this.#active = (this.#active - 1 + count) % count;
    else if (event.key === "Enter" && field("people-find").value.trim() && count) this.#toggle(this.#found[this.#active]);
    else if (event.key === "Backspace" && !field("people-find").value && this.#chosen.length) this.#toggle(this.#chosen[this.#chosen.length - 1]);
    else if (event.key === "Enter" && !this.#chosen.length && count) this.#toggle(this.#found[this.#active]);
    else return;
    event.preventDefault();
    this.#paintFound();
  }

  /** @param {User | undefined} user */
  #toggle(user) {
    if (!user) return;
    const had = this.#chosen.some((one) => one.id === user.id);
    this.#chosen = had ? this.#chosen.filter((one) => one.id !== user.id) : [...this.#chosen, user];
    const find = field("people-find");
    const searched = find.value !== "";
    find.value = "";
    find.focus();
    this.#paintChosen();
    if (searched) this.#search();
    else this.#paintFound();
  }

  #paintChosen() {
    byId("people-chosen").replaceChildren(
      ...this.#chosen.map((user) => {
        const chip = clone("t-chip");
        slot(chip, "name").textContent = user.name;
        chip.setAttribute("aria-label", say("take_back", { name: user.name }));
        chip.addEventListener("click", () => this.#toggle(user));
        return chip;
      }),
    );
  }

  /** @param {SubmitEvent} event */
  async #savePeople(event) {
    event.preventDefault();
    const box = dialog("people-form");
    const users = this.#chosen.map((user) => user.id);
    if (!users.length) return showError(box, say("need_people"));
    try {
      const path = this.#use === "direct" ? "/directs" : `/rooms/${this.#session.here}/members`;
      const answer = await send("POST", path, { users });
      this.#session.take(answer.room);
      box.close();
      if (this.#use === "direct") this.#go(answer.room.id);
      else notify(sayCount("added", users.length));
    } catch (error) {
      showError(box, reasonOf(error));
    }
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
