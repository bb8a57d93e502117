import { ask, dialog, field, showError, showOnly } from "../dom/dialogs.js";
import { attempt, copy, reasonOf } from "../dom/notice.js";
import { byId } from "../dom/piece.js";
import { say } from "../dom/texts.js";
import { send } from "../live/api.js";
import { OpenRooms } from "./open_rooms.js";
import { PeopleForm } from "./people_form.js";

/** @import {Session} from "../live/session.js" */

const INVITATION_DAYS = 7;

/** What one does with rooms as a whole: open, browse, join, rename, archive, leave, invite. */
export class RoomForms extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {(room: number) => void} */
  #go = () => {};
  #people = /** @type {PeopleForm} */ (/** @type {unknown} */ (null));
  #open = /** @type {OpenRooms} */ (/** @type {unknown} */ (null));
  #use = "new";

  /** @param {Session} session @param {(room: number) => void} go */
  start(session, go) {
    this.#session = session;
    this.#go = go;
    this.#people = new PeopleForm(session, go);
    this.#open = new OpenRooms(session, go);
    dialog("room-form").addEventListener("submit", (event) => this.#saveRoom(event));
    dialog("invite").addEventListener("submit", (event) => {
      event.preventDefault();
      copy(field("invite-url").value, say("link_copied"));
    });
  }

  openNew() {
    this.#openRoomForm("new", "", "");
  }

  openChange() {
    const { room } = this.#session;
    if (room) this.#openRoomForm("change", room.name, room.topic);
  }

  browse() {
    this.#open.open();
  }

  /** @param {"direct" | "add"} use */
  openPeople(use) {
    this.#people.open(use);
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
    if (!name) {
      field("room-name").focus();
      return showError(box, say("need_name"));
    }
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
}
