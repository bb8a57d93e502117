import { keepFocus } from "../dom/focus.js";
import { attempt } from "../dom/notice.js";
import { actOf, byId, isTouch } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";
import { Completion } from "./completion.js";
import { firstLine } from "./message_view.js";

/** @import {Session} from "../live/session.js" */
/** @import {Message} from "../models/types.js" */
/** @import {Conversation} from "./conversation.js" */

/** Where one writes: a draft for each room, sending, replying, who types, what waits. */
export class Composer extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {Conversation} */
  #conversation = /** @type {any} */ (null);
  #text = /** @type {HTMLTextAreaElement} */ (byId("composer-text"));
  #send = /** @type {HTMLButtonElement} */ (byId("composer-send"));
  #state = byId("composer-state");
  /** @type {number | null} */
  #replyTo = null;
  /** @type {Completion} */
  #completion = /** @type {any} */ (null);

  /** @param {Session} session @param {Conversation} conversation @param {(anchor: Element, choose: (emoji: string) => void) => void} openPicker */
  start(session, conversation, openPicker) {
    this.#session = session;
    this.#conversation = conversation;
    this.#completion = new Completion(this.#text, session);
    this.#text.addEventListener("input", () => this.#written());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendIt();
    });
    this.addEventListener("click", (event) => {
      const act = actOf(event);
      if (act?.dataset.act === "stop-reply") this.#answer(null);
      if (act?.dataset.act === "composer-emoji") openPicker(act, (emoji) => this.#insert(emoji));
      if (act?.dataset.act === "join" && session.here !== null) attempt(session.join(session.here));
    });
    session.replying.subscribe((message) => this.#answer(message));
    session.outbox.changed.subscribe(() => this.#paintState());
    session.connection.changed.subscribe(() => this.#paintState());
    session.store.changed.subscribe((change) => {
      if (change.type === "typing") this.#paintState();
      if (change.type === "rooms") keepFocus(byId("composer"), () => this.#paintDoor(), () => this.entrance ?? conversation.entrance);
    });
    addEventListener("storage", (event) => this.#draftElsewhere(event.key));
    setInterval(() => this.#paintState(), 1_000);
  }

  enter() {
    const { here, room, drafts } = this.#session;
    byId("composer").hidden = !room;
    this.#completion.close();
    if (here === null || !room) return;
    const draft = drafts.get(here);
    this.#text.value = draft.body;
    this.#replyTo = null;
    this.#answer(draft.reply_to === null ? null : (this.#session.store.timeline(here).find(draft.reply_to) ?? null), false);
    this.#paintDoor();
    this.#paintSend();
    this.#paintState();
    if (!isTouch()) this.focusText();
  }

  /** Where the keyboard comes in: where one writes, or joins; null where one can do neither. @returns {HTMLElement | null} */
  get entrance() {
    if (!byId("composer-box").hidden) return this.#text;
    return byId("composer-join").hidden ? null : byId("composer-join");
  }

  focusText() {
    this.entrance?.focus({ preventScroll: true });
  }

  get empty() {
    return this.#text.value === "";
  }

  /** Writing, or a word on why one cannot. */
  #paintDoor() {
    const { room, member } = this.#session;
    if (!room) return;
    const closed = !member || room.archived;
    byId("composer-box").hidden = closed;
    byId("composer-closed").hidden = !closed;
    byId("composer-hint").hidden = closed;
    byId("composer-join").hidden = member || room.archived;
    const name = this.#session.nameOf(room);
    byId("composer-closed-text").textContent = room.archived ? say("archived") : say("not_joined", { room: name });
    const invitation = say(room.kind === "direct" ? "write_to_people" : "write_to", { room: name });
    this.#text.placeholder = invitation;
    this.#text.setAttribute("aria-label", invitation);
  }

  #paintSend() {
    this.#send.disabled = this.#text.value.trim() === "";
  }

  #written() {
    const { here, store, connection } = this.#session;
    if (here === null) return;
    this.#paintSend();
    this.#keepDraft();
    this.#completion.look();
    if (this.#text.value.trim() && store.typing.shouldSay(here, Date.now())) connection.tell({ type: "typing", room: here });
  }

  #keepDraft() {
    const { here, drafts } = this.#session;
    if (here !== null) drafts.set(here, { body: this.#text.value, reply_to: this.#replyTo });
  }

  /** Another tab has written here; what is being written in this one stays. @param {string | null} key */
  #draftElsewhere(key) {
    const { here, drafts } = this.#session;
    const room = drafts.roomOf(key);
    if (room === null) return;
    drafts.changed.emit(room);
    if (room !== here || document.activeElement === this.#text) return;
    this.#text.value = drafts.get(room).body;
    this.#paintSend();
  }

  #sendIt() {
    const { here, room } = this.#session;
    const body = this.#text.value.trim();
    if (here === null || !body || room?.archived) return;
    const replyTo = this.#replyTo;
    this.#text.value = "";
    this.#answer(null, false);
    this.#keepDraft();
    this.#paintSend();
    this.#completion.close();
    attempt(this.#session.send(here, body, replyTo));
    this.#conversation.sent();
    if (!isTouch()) this.focusText();
  }

  /** @param {Message | null} message @param {boolean} [focus] */
  #answer(message, focus = true) {
    this.#replyTo = message?.id ?? null;
    byId("composer-reply").hidden = !message;
    if (message) {
      byId("composer-reply-name").textContent = this.#session.store.person(message.author)?.name ?? say("erased");
      byId("composer-reply-text").textContent = firstLine(message);
    }
    if (!focus) return;
    this.#keepDraft();
    this.focusText();
  }

  /** @param {string} text */
  #insert(text) {
    const { selectionStart, selectionEnd } = this.#text;
    this.#text.setRangeText(text, selectionStart, selectionEnd, "end");
    this.#written();
    if (!isTouch()) this.focusText();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.#completion.key(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey && !event.altKey && !isTouch()) {
      event.preventDefault();
      this.#sendIt();
    } else if (event.key === "ArrowUp" && this.#text.value === "" && this.#conversation.editLast()) {
      event.preventDefault();
    } else if (event.key === "Escape" && this.#replyTo !== null) {
      event.preventDefault();
      event.stopPropagation();
      this.#answer(null);
    }
  }

  #paintState() {
    const { here, store, outbox, connection } = this.#session;
    const waiting = connection.status.state === "open" ? 0 : outbox.waiting;
    const text = waiting ? sayCount("waiting", waiting) : here === null ? "" : this.#typists(store.typing.people(here, Date.now()));
    if (this.#state.textContent !== text) this.#state.textContent = text;
  }

  /** @param {number[]} people */
  #typists(people) {
    const others = people.filter((id) => id !== this.#session.store.me.id);
    const [a, b, c] = others.map((id) => this.#session.store.people.get(id)?.name ?? say("erased"));
    if (others.length === 0) return "";
    if (others.length === 1) return say("typing_one", { a });
    if (others.length === 2) return say("typing_two", { a, b });
    return others.length === 3 ? say("typing_three", { a, b, c }) : say("typing_many");
  }
}
