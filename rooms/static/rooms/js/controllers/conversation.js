import { layOut } from "../models/layout.js";
import { QUICK } from "../models/emoji.js";
import { ask } from "../dom/dialogs.js";
import { dayName, dayOf } from "../dom/format.js";
import { openMenu } from "../dom/menu.js";
import { attempt, copy, notify, reasonOf } from "../dom/notice.js";
import { actOf, byId, clone, isTouch, slot } from "../dom/piece.js";
import { ScrollManager } from "../dom/scroll_manager.js";
import { say, sayCount } from "../dom/texts.js";
import { send } from "../live/api.js";
import { FOLDED, firstLine, paintDraft, paintMessage } from "./message_view.js";

/** @import {Session} from "../live/session.js" */
/** @import {Row} from "../models/layout.js" */
/** @import {Timeline} from "../models/timeline.js" */
/** @import {Message} from "../models/types.js" */

const AHEAD = 1_000; // pixels before an edge at which the next page is asked for
const LIT = 2_000; // milliseconds
const QUIET = 400; // milliseconds without a word
const HELD = 450; // milliseconds of a long press

/** The log: rows laid out from the state, pages at both edges, and what one can do with a message. */
export class Conversation extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {ScrollManager} */
  #scroll = /** @type {any} */ (null);
  #log = byId("log");
  #column = byId("column");
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** What each row shows now. @type {WeakMap<HTMLElement, string>} */
  #shown = new WeakMap();
  /** @type {Map<string, Message>} */
  #messages = new Map();
  /** Where the reader left off, while something after it was new. @type {number | null} */
  #newAfter = null;
  /** How far one had read when the page was hidden. @type {number | null} */
  #lookedAway = null;
  /** After “mark unread” nothing is read until one leaves. */
  #keepUnread = false;
  #visit = 0;
  #loading = false;
  #people = 0;
  #toolbar = clone("t-toolbar");
  #picker = /** @type {(anchor: Element, choose: (emoji: string) => void) => void} */ (() => {});
  #frame = 0;

  /** @param {Session} session @param {(anchor: Element, choose: (emoji: string) => void) => void} openPicker */
  start(session, openPicker) {
    this.#session = session;
    this.#picker = openPicker;
    this.#scroll = new ScrollManager(this.#log, this.#column);
    this.#fillToolbar();
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#column.addEventListener("click", (event) => this.#act(event));
    this.#column.addEventListener("keydown", (event) => this.#key(event));
    this.#column.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") this.#offerToolbar(event.target);
    });
    this.#column.addEventListener("pointerleave", () => this.#dropToolbar());
    this.#column.addEventListener("focusin", (event) => this.#offerToolbar(event.target));
    this.#column.addEventListener("focusout", (event) => this.#walkable(event.target));
    this.#listenToTouch();
    byId("jump").addEventListener("click", () => this.goToEnd());
    document.addEventListener("visibilitychange", () => this.#seen(document.visibilityState === "visible"));
    session.store.changed.subscribe((change) => {
      if (change.type === "people") this.#people += 1;
      if (change.type === "reset" && change.room === session.here) this.#open(null);
      else if (change.type === "epoch") this.#open(null);
      else if ("room" in change && change.room === session.here) this.#plan();
      else if (change.type === "people" || change.type === "rooms") this.#plan();
      if (change.type === "message") this.#speak(change.message);
    });
    session.outbox.changed.subscribe(({ room }) => {
      if (room === session.here) this.#render();
    });
  }

  get keepsUnread() {
    return this.#keepUnread;
  }

  /** One has come into a room. @param {number | null} at a message's `seq` @param {boolean} [given] whether its page is there */
  enter(at, given = false) {
    this.#clear();
    const room = this.#session.room;
    if (!room) return this.#paintEmpty();
    const entry = this.#session.store.room(room.id);
    this.#newAfter = entry && entry.unread > 0 ? entry.read_seq : null;
    const timeline = this.#timeline();
    if (timeline?.loaded && (given || this.#covers(timeline, at))) {
      this.#render();
      this.#arrive(at);
    } else {
      this.#open(at);
    }
  }

  /** One's own message: it is at the end, and so is the view. */
  async sent() {
    const timeline = this.#timeline();
    if (timeline?.hasAfter) await this.#open(null, true);
    this.#scroll.toEnd();
  }

  async goToEnd() {
    this.#keepUnread = false;
    if (this.#timeline()?.hasAfter) await this.#open(null, true);
    this.#scroll.toEnd();
    this.#read();
  }

  /** Read all of it, and go to the end. */
  async finish() {
    const room = this.#session.here !== null ? this.#session.store.room(this.#session.here) : undefined;
    if (!room) return;
    await this.goToEnd();
    this.#session.reader.read(room.id, room.seq);
    this.#newAfter = null;
    this.#render();
  }

  /** Edit the last message of one's own. */
  editLast() {
    const mine = this.#timeline()?.messages.filter((message) => message.author?.id === this.#session.store.me.id && !message.deleted);
    const last = mine?.at(-1);
    if (last) this.#edit(last);
    return Boolean(last);
  }

  focusLast() {
    const row = /** @type {HTMLElement | null} */ (this.#column.querySelector('.message[tabindex="0"]')) ?? this.#articles().at(-1);
    row?.focus();
  }

  #timeline() {
    const { here, store } = this.#session;
    return here === null ? undefined : store.timelines.get(here);
  }

  #clear() {
    this.#visit += 1;
    this.#rows.clear();
    this.#messages.clear();
    this.#column.replaceChildren();
    this.#keepUnread = false;
    this.#loading = false;
    byId("log-before").hidden = byId("log-after").hidden = true;
    byId("empty").hidden = true;
    byId("jump").hidden = true;
  }

  /** Whether a held timeline can be shown as it is. @param {Timeline} timeline @param {number | null} at */
  #covers(timeline, at) {
    if (at !== null) return timeline.first <= at && at <= timeline.last;
    if (timeline.hasAfter) return false;
    return this.#newAfter === null || !timeline.hasBefore || timeline.first <= this.#newAfter + 1;
  }

  /** Fetches the place that one wants to see. @param {number | null} at @param {boolean} [end] */
  async #open(at, end = false) {
    const { here, store } = this.#session;
    if (here === null) return;
    const visit = ++this.#visit;
    this.#loading = true;
    const unread = store.room(here)?.unread ?? 0;
    const place = at ?? (this.#newAfter !== null && unread > 30 && !end ? this.#newAfter : null);
    const waiting = setTimeout(() => (byId("log-before").hidden = false), QUIET);
    try {
      await this.#session.load(here, place === null ? "" : `around=${place}`, "replace");
    } catch (error) {
      if (visit === this.#visit) notify(reasonOf(error), true);
      return;
    } finally {
      clearTimeout(waiting);
      if (visit === this.#visit) {
        byId("log-before").hidden = true;
        this.#loading = false;
      }
    }
    if (visit !== this.#visit) return;
    this.#render();
    this.#arrive(at);
  }

  /** @param {number | null} at */
  #arrive(at) {
    const target = at === null ? null : this.#rowAt(at);
    const line = this.#rows.get("new");
    if (target) {
      this.#scroll.to(target, 0.5);
      this.#light(target);
    } else if (line) {
      this.#scroll.to(line, 0.25);
    } else {
      this.#scroll.toEnd();
    }
    this.#scrolled();
  }

  /** @param {number} seq */
  #rowAt(seq) {
    return /** @type {HTMLElement | null} */ (this.#column.querySelector(`[data-seq="${seq}"]`));
  }

  /** @param {HTMLElement} row */
  #light(row) {
    row.classList.add("message--lit");
    setTimeout(() => row.classList.remove("message--lit"), LIT);
  }

  /** Many changes, one rendering. */
  #plan() {
    if (this.#frame) return;
    this.#frame = 1;
    queueMicrotask(() => {
      this.#frame = 0;
      this.#render();
    });
  }

  /** @param {boolean} [read] whether what is seen then is read at once */
  #render(read = true) {
    const { here, store, outbox } = this.#session;
    const timeline = this.#timeline();
    if (here === null || !timeline?.loaded) return;
    const drafts = timeline.hasAfter ? [] : outbox.of(here);
    const rows = layOut({ messages: timeline.messages, drafts, me: store.me.id, newAfter: this.#newAfter, dayOf });
    this.#scroll.complete = !timeline.hasAfter;
    this.#scroll.keep(() => this.#reconcile(rows));
    timeline.following = this.#scroll.atEnd;
    byId("empty").hidden = rows.length > 0;
    this.#column.hidden = rows.length === 0;
    if (rows.length === 0) this.#paintEmpty();
    this.#paintJump();
    if (read) this.#read();
  }

  /** @param {Row[]} rows */
  #reconcile(rows) {
    const wanted = new Set(rows.map((row) => row.key));
    for (const [key, element] of this.#rows) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
      this.#messages.delete(key);
    }
    let next = this.#column.firstElementChild;
    /** @type {HTMLElement[]} */
    const painted = [];
    for (const row of rows) {
      const element = this.#element(row);
      if (this.#paint(element, row)) painted.push(element);
      if (element === next) next = next.nextElementSibling;
      else this.#column.insertBefore(element, next);
    }
    for (const element of painted) this.#fold(element);
    if (!this.#column.querySelector('.message[tabindex="0"]')) this.#articles().at(-1)?.setAttribute("tabindex", "0");
  }

  /** @param {Row} row */
  #element(row) {
    const held = this.#rows.get(row.key);
    if (held) return held;
    const templates = { day: "t-day", new: "t-new", message: "t-message", draft: "t-message" };
    const element = clone(templates[row.type]);
    element.dataset.key = row.key;
    this.#rows.set(row.key, element);
    return element;
  }

  /** Says whether a message's look has changed. @param {HTMLElement} element @param {Row} row */
  #paint(element, row) {
    if (row.type === "new") return false;
    if (row.type === "day") {
      slot(element, "name").textContent = dayName(row.at);
      return false;
    }
    const version = row.type === "message" ? this.#versionOf(row.message) : `${row.draft.state} ${row.draft.reason}`;
    const signature = `${row.type} ${row.grouped} ${version}`;
    if (row.type === "message") this.#messages.set(row.key, row.message);
    if (this.#shown.get(element) === signature) return false;
    this.#shown.set(element, signature);
    if (row.type === "message" && row.message.deleted && this.#toolbar.parentElement === element) this.#toolbar.remove();
    if (row.type === "message") paintMessage(element, row, this.#session);
    else paintDraft(element, row, this.#session);
    return true;
  }

  /** @param {Message} message */
  #versionOf(message) {
    const original = message.reply_to === null ? null : this.#timeline()?.find(message.reply_to);
    return `${message.changed_seq} ${this.#people} ${this.#session.undoable.has(message.id)} ${original?.changed_seq ?? ""}`;
  }

  /** @param {HTMLElement} row */
  #fold(row) {
    const body = slot(row, "body");
    const button = slot(row, "fold");
    const long = row.dataset.open !== "yes" && body.scrollHeight > FOLDED;
    row.classList.toggle("message--folded", long);
    button.hidden = !long;
  }

  #paintEmpty() {
    const { room, store } = this.#session;
    const box = byId("empty");
    box.hidden = false;
    this.#column.hidden = true;
    const direct = room?.kind === "direct";
    const name = room ? this.#session.nameOf(room) : "";
    byId("empty-title").textContent = room ? say(direct ? "empty_direct" : "empty_room", { room: name }) : say("no_room");
    byId("empty-text").textContent = room ? say(direct ? "empty_direct_text" : "empty_room_text") : say("no_room_text");
    /** @type {[string, string, string, string][]} */
    const steps = [];
    if (!room) steps.push(["arch", "browse", "browse", "browse_note"], ["people", "new_direct", "new-direct", "new_direct_note"]);
    else if (this.#session.manages && store.rooms.has(room.id)) {
      steps.push(["people", "add_people", "add-people", "add_people_note"], ["pencil", "write_topic", "rename", "write_topic_note"], ["link", "invite", "invite", "invite_note"]);
    }
    byId("empty-next").hidden = steps.length === 0;
    byId("empty-next").replaceChildren(
      ...steps.map(([icon, label, act, note]) => {
        const button = clone("t-next");
        button.dataset.act = act;
        slot(button, "icon").setAttribute("href", `#i-${icon}`);
        slot(button, "name").textContent = say(label);
        slot(button, "note").textContent = say(note);
        return button;
      }),
    );
  }

  #paintJump() {
    const timeline = this.#timeline();
    const button = byId("jump");
    const away = timeline?.loaded && timeline.messages.length > 0 && !this.#scroll.atEnd;
    const unread = this.#session.here === null ? 0 : (this.#session.store.room(this.#session.here)?.unread ?? 0);
    const far = this.#log.scrollHeight - this.#log.scrollTop > 2 * this.#log.clientHeight || timeline?.hasAfter;
    button.hidden = !(away && (unread > 0 || far));
    button.classList.toggle("jump--new", unread > 0);
    byId("jump-text").textContent = unread > 0 ? sayCount("new_messages", unread) : say("to_the_end");
  }

  #scrolled() {
    const timeline = this.#timeline();
    if (!timeline?.loaded) return;
    timeline.following = this.#scroll.atEnd;
    this.#paintJump();
    this.#read();
    if (this.#loading) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#log;
    if (timeline.hasBefore && scrollTop < AHEAD) this.#more(`before=${timeline.first}`, "prepend", "log-before");
    else if (timeline.hasAfter && scrollHeight - scrollTop - clientHeight < AHEAD) this.#more(`after=${timeline.last}`, "append", "log-after");
  }

  /** @param {`before=${number}` | `after=${number}`} where @param {"prepend" | "append"} how @param {string} word */
  async #more(where, how, word) {
    const { here } = this.#session;
    if (here === null) return;
    const visit = this.#visit;
    this.#loading = true;
    const waiting = setTimeout(() => (byId(word).hidden = false), QUIET);
    try {
      await this.#session.load(here, where, how);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    } finally {
      clearTimeout(waiting);
      byId(word).hidden = true;
    }
    if (visit !== this.#visit) return;
    this.#loading = false;
    this.#render();
    this.#scrolled();
  }

  /** The page was hidden, or is seen again: then the line stands where one looked away. @param {boolean} visible */
  #seen(visible) {
    const { here, store } = this.#session;
    const entry = here === null ? undefined : store.room(here);
    if (!visible) {
      this.#lookedAway = entry?.unread === 0 ? entry.read_seq : null;
      return;
    }
    const missed = this.#lookedAway !== null && entry !== undefined && entry.unread > 0;
    if (missed) {
      this.#newAfter = this.#lookedAway;
      this.#render(false);
      const line = this.#rows.get("new");
      if (line && line.getBoundingClientRect().top < this.#log.getBoundingClientRect().top) this.#scroll.to(line, 0.25);
    }
    this.#lookedAway = null;
    this.#read();
  }

  /** What is in view of a visible page is read. */
  #read() {
    const { here, reader, member } = this.#session;
    const timeline = this.#timeline();
    if (here === null || !member || this.#keepUnread || !timeline?.loaded || document.visibilityState !== "visible") return;
    if (this.#scroll.atEnd) return reader.read(here, timeline.last);
    const bottom = this.#log.getBoundingClientRect().bottom;
    const seen = this.#articles().findLast((row) => row.dataset.seq && row.getBoundingClientRect().bottom <= bottom);
    if (seen) reader.read(here, Number(seen.dataset.seq));
  }

  /** A screen reader hears each new message once. @param {Message} message */
  #speak(message) {
    const { here, store } = this.#session;
    const fresh = message.changed_seq === message.seq && Date.now() - Date.parse(message.created_at) < 30_000;
    if (!fresh || message.room !== here || message.author?.id === store.me.id || message.deleted) return;
    const line = document.createElement("p");
    line.textContent = say("said", { name: store.person(message.author)?.name ?? say("erased"), text: firstLine(message) });
    const spoken = byId("spoken");
    spoken.append(line);
    if (spoken.children.length > 10) spoken.firstElementChild?.remove();
  }

  #articles() {
    return /** @type {HTMLElement[]} */ ([...this.#column.querySelectorAll(".message")]);
  }

  #fillToolbar() {
    slot(this.#toolbar, "quick").replaceWith(
      ...QUICK.slice(0, 3).map((emoji) => {
        const button = clone("t-quick");
        button.dataset.emoji = emoji;
        button.setAttribute("aria-label", say("react_with", { emoji }));
        slot(button, "emoji").textContent = emoji;
        return button;
      }),
    );
  }

  /** @param {EventTarget | null} target */
  #offerToolbar(target) {
    const row = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(".message")) : null;
    if (!row || row === this.#toolbar.parentElement || byId("menu").matches(":popover-open") || byId("picker").matches(":popover-open")) return;
    const message = this.#messageOf(row);
    if (!message || message.deleted || !this.#writable || row.querySelector(".message__editor")) return;
    // What the pointer has focused gives way to it; where the keyboard is, the toolbar stays
    if (this.#toolbar.querySelector(":focus-visible")) return;
    row.append(this.#toolbar);
  }

  /** Neither the pointer nor the focus is at its message any longer. */
  #dropToolbar() {
    const busy = byId("menu").matches(":popover-open") || byId("picker").matches(":popover-open");
    const row = this.#toolbar.parentElement;
    if (!busy && !row?.matches(":focus-visible") && !row?.querySelector(":focus-visible")) this.#toolbar.remove();
  }

  get #writable() {
    return this.#session.member && !this.#session.room?.archived;
  }

  /** @param {EventTarget | null} target */
  #walkable(target) {
    const row = target instanceof Element ? target.closest(".message") : null;
    if (!row) return;
    for (const other of this.#column.querySelectorAll('.message[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
  }

  /** @param {Element} row */
  #messageOf(row) {
    return this.#messages.get(/** @type {HTMLElement} */ (row).dataset.key ?? "");
  }

  /** @param {Event} event */
  #act(event) {
    const button = actOf(event);
    const row = button?.closest(".message");
    if (!button || !row) return this.#followLink(event);
    const { outbox } = this.#session;
    const key = /** @type {HTMLElement} */ (row).dataset.key ?? "";
    const message = this.#messages.get(key);
    switch (button.dataset.act) {
      case "retry":
        return void outbox.retry(key);
      case "discard":
        return void outbox.discard(key);
      case "copy-code":
        return void copy(button.parentElement?.querySelector("pre")?.textContent ?? "", say("copied"));
      case "fold":
        /** @type {HTMLElement} */ (row).dataset.open = "yes";
        return this.#scroll.keep(() => this.#fold(/** @type {HTMLElement} */ (row)));
      case "answer":
        return this.#goToOriginal(Number(button.dataset.to));
      default:
        return message && this.#actOn(message, button);
    }
  }

  /** @param {Message} message @param {HTMLElement} button */
  #actOn(message, button) {
    const { connection } = this.#session;
    switch (button.dataset.act) {
      case "react":
        return void attempt(this.#session.toggleReaction(message, button.dataset.emoji ?? ""));
      case "pick":
        return this.#picker(button, (emoji) => attempt(this.#session.toggleReaction(this.#fresh(message), emoji)));
      case "reply":
        return this.#session.replying.emit(message);
      case "more":
        return this.#openMenu(message, button);
      case "undo":
        return void attempt(connection.send({ type: "message.undelete", message: message.id }));
      default:
        return undefined;
    }
  }

  /** @param {Message} message */
  #fresh(message) {
    return this.#timeline()?.find(message.id) ?? message;
  }

  /** A message's own address opens here, without a reload. @param {Event} event */
  #followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a.message__time") : null;
    if (!link || !(event instanceof MouseEvent) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const row = /** @type {HTMLElement} */ (link.closest(".message"));
    history.replaceState(history.state, "", link.getAttribute("href"));
    this.#light(row);
  }

  /** @param {number} id */
  #goToOriginal(id) {
    const original = this.#timeline()?.find(id);
    const row = original && this.#rowAt(original.seq);
    if (!row) return notify(say("original_far"));
    this.#scroll.to(row, 0.5);
    this.#light(row);
  }

  /** @param {Message} message @param {Element} anchor */
  #openMenu(message, anchor) {
    const { store, moderator, reader, here } = this.#session;
    const mine = message.author?.id === store.me.id;
    const address = new URL(`/rooms/${message.room}/?at=${message.seq}`, location.href).href;
    /** @type {import("../dom/menu.js").Act[]} */
    const acts = [];
    if (this.#writable) acts.push({ icon: "reply", name: say("reply"), run: () => this.#session.replying.emit(message) });
    acts.push({ icon: "copy", name: say("copy_text"), run: () => copy(message.body, say("copied")) });
    acts.push({ icon: "link", name: say("copy_link"), run: () => copy(address, say("link_copied")) });
    if (mine && this.#writable) acts.push({ icon: "pencil", name: say("edit"), run: () => this.#edit(message) });
    if (this.#session.member && here !== null) {
      acts.push({ icon: "eye", name: say("mark_unread"), run: () => this.#markUnread(reader.unread(here, message.seq), message.seq) });
    }
    if (!mine) acts.push({ icon: "flag", name: say("report"), run: () => this.#report(message) });
    if (mine) acts.push({ icon: "trash", name: say("delete"), alarm: true, run: () => attempt(this.#session.delete(message)) });
    if (!mine && moderator) acts.push({ icon: "trash", name: say("remove"), alarm: true, run: () => this.#remove(message) });
    const react = (/** @type {string} */ emoji) => attempt(this.#session.toggleReaction(message, emoji));
    openMenu(anchor, acts, {
      name: store.person(message.author)?.name ?? say("erased"),
      text: firstLine(message),
      emoji: this.#writable ? QUICK : [],
      react,
    });
  }

  /** @param {Promise<void>} marking @param {number} seq */
  async #markUnread(marking, seq) {
    this.#keepUnread = true;
    await attempt(marking);
    this.#newAfter = seq - 1;
    this.#render();
  }

  /** @param {Message} message */
  async #report(message) {
    const answer = await ask({ title: say("report_title"), text: say("report_text"), yes: say("report_yes"), quote: firstLine(message), reason: true });
    if (answer && (await attempt(send("POST", `/messages/${message.id}/report`, answer)))) notify(say("reported"));
  }

  /** @param {Message} message */
  async #remove(message) {
    const answer = await ask({ title: say("remove_title"), text: say("remove_text"), yes: say("remove"), quote: firstLine(message), reason: true });
    if (answer) await attempt(send("POST", `/messages/${message.id}/remove`, answer));
  }

  /** In place. @param {Message} message */
  #edit(message) {
    const row = this.#rows.get(message.key) ?? this.#rows.get(`m${message.id}`);
    if (!row || row.querySelector(".message__editor")) return;
    const editor = clone("t-editor");
    const text = /** @type {HTMLTextAreaElement} */ (editor.querySelector("textarea"));
    const body = slot(row, "body");
    text.value = message.body;
    this.#toolbar.remove();
    const close = () => {
      this.#scroll.keep(() => {
        editor.remove();
        body.hidden = false;
      });
      if (!isTouch()) byId("composer-text").focus({ preventScroll: true });
    };
    const save = () => this.#save(message, text.value.trim(), close);
    editor.addEventListener("click", (event) => {
      const act = actOf(event)?.dataset.act;
      if (act === "save") save();
      if (act === "cancel") close();
    });
    text.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && !event.shiftKey && !isTouch()) save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#scroll.keep(() => {
      body.hidden = true;
      body.after(editor);
    });
    text.focus({ preventScroll: true });
    text.setSelectionRange(text.value.length, text.value.length);
    this.#scroll.show(row);
  }

  /** @param {Message} message @param {string} body @param {() => void} close */
  async #save(message, body, close) {
    if (body === message.body) return close();
    if (!body) {
      const yes = await ask({ title: say("delete_title"), text: say("delete_text"), yes: say("delete"), quote: firstLine(message) });
      if (yes && (await attempt(this.#session.delete(message).then(() => true)))) close();
      return;
    }
    const saved = await attempt(this.#session.connection.send({ type: "message.edit", message: message.id, body }));
    if (!saved) return;
    this.#session.store.apply({ type: "message.updated", room: message.room, seq: 0, message: saved.message }, false);
    close();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!target.classList.contains("message") || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = this.#articles();
    const at = rows.indexOf(target);
    /** @type {Record<string, number>} */
    const steps = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      const row = rows[steps[event.key]];
      if (!row) return void (event.key === "ArrowDown" && byId("composer-text").focus());
      row.focus({ preventScroll: true });
      return this.#scroll.show(row);
    }
    const message = this.#messageOf(target);
    if (message && !message.deleted) this.#shortcut(event, message, target);
  }

  /** @param {KeyboardEvent} event @param {Message} message @param {HTMLElement} row */
  #shortcut(event, message, row) {
    const mine = message.author?.id === this.#session.store.me.id;
    const key = event.key.toLowerCase();
    if (key === "enter") this.#openMenu(message, row);
    else if (!this.#writable) return;
    else if (key === "r") this.#session.replying.emit(message);
    else if (key === "e" && mine) this.#edit(message);
    else if (key === "+") this.#picker(row, (emoji) => attempt(this.#session.toggleReaction(message, emoji)));
    else return;
    event.preventDefault();
  }

  /** A long press opens what the toolbar offers to a mouse; at its end, or the finger that leaves would close it. */
  #listenToTouch() {
    let timer = 0;
    /** @type {HTMLElement | null} */
    let held = null;
    const release = () => {
      clearTimeout(timer);
      const row = held;
      const message = row && this.#messageOf(row);
      held = null;
      row?.classList.remove("message--held");
      if (row && message) setTimeout(() => this.#openMenu(message, row));
    };
    this.#column.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" || !(event.target instanceof Element)) return;
      const row = /** @type {HTMLElement | null} */ (event.target.closest(".message"));
      const message = row && this.#messageOf(row);
      if (!row || !message || message.deleted || event.target.closest("button, a, textarea")) return;
      timer = setTimeout(() => {
        held = row;
        row.classList.add("message--held");
      }, HELD);
    });
    this.#column.addEventListener("pointermove", (event) => {
      if (Math.hypot(event.movementX, event.movementY) > 4) clearTimeout(timer);
    });
    for (const end of ["pointerup", "pointercancel"]) this.#column.addEventListener(end, release);
    this.#log.addEventListener("scroll", () => clearTimeout(timer), { passive: true });
    this.#column.addEventListener("contextmenu", (event) => {
      if (isTouch() && event.target instanceof Element && event.target.closest(".message") && !event.target.closest("a")) event.preventDefault();
    });
  }
}
