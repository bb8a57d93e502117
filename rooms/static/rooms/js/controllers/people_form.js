import { byName } from "../models/names.js";
import { avatar } from "../dom/avatar.js";
import { dialog, field, showError, showOnly } from "../dom/dialogs.js";
import { attempt, notify, reasonOf } from "../dom/notice.js";
import { byId, clone, icon, isTouch, slot } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";
import { get, send } from "../live/api.js";

/** @import {Session} from "../live/session.js" */
/** @import {User} from "../models/types.js" */

/** Choosing people: to write to them, or to add them to the room that is here. */
export class PeopleForm {
  /** @type {User[]} */
  #chosen = [];
  /** @type {User[]} */
  #found = [];
  #foundFor = "";
  /** Enter came before what was searched for. */
  #takeWhenFound = false;
  #active = 0;
  #use = "direct";
  #look = 0;
  #session;
  #go;

  /** @param {Session} session @param {(room: number) => void} go */
  constructor(session, go) {
    this.#session = session;
    this.#go = go;
    dialog("people-form").addEventListener("submit", (event) => this.#save(event));
    field("people-find").addEventListener("input", () => {
      this.#takeWhenFound = false;
      this.#search();
    });
    field("people-find").addEventListener("keydown", (event) => this.#key(event));
    byId("people-list").addEventListener("click", (event) => {
      const choice = event.target instanceof Element ? event.target.closest(".choice") : null;
      if (choice) this.#toggle(this.#found[[...byId("people-list").children].indexOf(choice)]);
    });
  }

  /** @param {"direct" | "add"} use */
  open(use) {
    const box = dialog("people-form");
    this.#use = use;
    this.#chosen = [];
    this.#takeWhenFound = false;
    field("people-find").value = "";
    showOnly(box, use);
    showError(box, "");
    box.showModal();
    if (!isTouch()) field("people-find").focus();
    this.#paintChosen();
    this.#search();
  }

  /** Whether what was found is what is searched for. */
  get #fresh() {
    return this.#foundFor === field("people-find").value.trim();
  }

  async #search() {
    const look = ++this.#look;
    const query = field("people-find").value.trim();
    const answer = await attempt(get(`/people?q=${encodeURIComponent(query)}`));
    if (!answer || look !== this.#look) return;
    this.#found = answer.users.sort(byName);
    this.#foundFor = query;
    this.#active = 0;
    this.#paintFound();
    if (this.#takeWhenFound) this.#toggle(this.#found[0]);
    this.#takeWhenFound = false;
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
  #key(event) {
    if (event.isComposing) return;
    const count = this.#fresh ? this.#found.length : 0; // of another search nobody is taken
    if (event.key === "Escape") dialog("people-form").close(); // a search field would only empty itself
    else if (event.key === "Enter" && field("people-find").value.trim() && !this.#fresh) this.#takeWhenFound = true;
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
  async #save(event) {
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
