import { layOut } from "../models/layout.js";
import { mayMoveFocus } from "../dom/focus.js";
import { dayOf } from "../dom/format.js";
import { notify, reasonOf } from "../dom/notice.js";
import { byId } from "../dom/piece.js";
import { ScrollManager } from "../dom/scroll_manager.js";
import { withWord } from "../dom/waiting.js";
import { paintEmpty } from "./empty_state.js";
import { paintJump } from "./jump_button.js";
import { LogRows } from "./log_rows.js";
import { MessageActs } from "./message_acts.js";
import { Reading } from "./reading.js";
import { speakNews } from "./spoken_log.js";

/** @import {Session} from "../live/session.js" */
/** @import {Change} from "../models/store.js" */
/** @import {Timeline} from "../models/timeline.js" */
/** @import {Message} from "../models/types.js" */
/** @import {OpenPicker} from "./message_acts.js" */

const AHEAD = 1_000; // pixels before an edge at which the next page is asked for
const AGAIN = 2_000; // milliseconds after a page that did not come

/** The log: rows laid out from the state, pages at both edges, and what one can do with a message. */
export class Conversation extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  /** @type {ScrollManager} */
  #scroll = /** @type {any} */ (null);
  #log = byId("log");
  #column = byId("column");
  #rows = /** @type {LogRows} */ (/** @type {unknown} */ (null));
  #acts = /** @type {MessageActs} */ (/** @type {unknown} */ (null));
  #reading = /** @type {Reading} */ (/** @type {unknown} */ (null));
  #visit = 0;
  #loading = false;
  #frame = 0;

  /** @param {Session} session @param {OpenPicker} openPicker */
  start(session, openPicker) {
    this.#session = session;
    this.#scroll = new ScrollManager(this.#log, this.#column);
    this.#rows = new LogRows(this.#column, session);
    this.#reading = new Reading(session, this.#log, this.#rows, this.#scroll);
    const unreadFrom = (/** @type {Message} */ message) => void this.#markUnread(message);
    const goTo = (/** @type {number} */ id) => void this.#goTo(id);
    this.#acts = new MessageActs(this.#log, this.#column, { session, rows: this.#rows, scroll: this.#scroll, openPicker, unreadFrom, goTo });
    speakNews(session);
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    byId("jump").addEventListener("click", () => this.goToEnd());
    document.addEventListener("visibilitychange", () => this.#seen(document.visibilityState === "visible"));
    session.store.changed.subscribe((change) => this.#hear(change));
    session.outbox.changed.subscribe(({ room }) => {
      if (room === session.here) this.#render();
    });
  }

  /** @param {Change} change */
  #hear(change) {
    const { here } = this.#session;
    if (change.type === "epoch" || (change.type === "reset" && change.room === here)) void this.#open(null);
    else if ("room" in change && change.room === here) this.#plan();
    else if (change.type === "people" || change.type === "rooms") this.#plan();
  }

  /** One has come into a room. @param {number | null} at a message's `seq` @param {boolean} [given] whether its page is there */
  enter(at, given = false) {
    this.#clear();
    const room = this.#session.room;
    this.#column.hidden = !room;
    if (!room) return paintEmpty(this.#session);
    this.#reading.begin();
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
    this.#reading.goOn();
    if (this.#timeline()?.hasAfter) await this.#open(null, true);
    this.#scroll.toEnd();
    this.#reading.read();
  }

  /** Read all of it, and go to the end. */
  async finish() {
    if (!this.#session.member) return;
    await this.goToEnd();
    this.#reading.readAll();
    this.#render();
  }

  /** Edit the last message of one's own. */
  editLast() {
    const mine = this.#timeline()?.messages.filter((message) => message.author?.id === this.#session.store.me.id && !message.deleted);
    const last = mine?.at(-1);
    if (last) this.#acts.edit(last);
    return Boolean(last);
  }

  /** Where the keyboard comes in. */
  get entrance() {
    return this.#rows.entrance;
  }

  #timeline() {
    const { here, store } = this.#session;
    return here === null ? undefined : store.timelines.get(here);
  }

  #clear() {
    this.#visit += 1;
    this.#rows.clear();
    this.#loading = false;
    byId("log-before").hidden = byId("log-after").hidden = true;
    byId("empty").hidden = true;
    byId("jump").hidden = true;
  }

  /** Whether a held timeline can be shown as it is. @param {Timeline} timeline @param {number | null} at */
  #covers(timeline, at) {
    if (at !== null) return timeline.first <= at && at <= timeline.last;
    if (timeline.hasAfter) return false;
    const { newAfter } = this.#reading;
    return newAfter === null || !timeline.hasBefore || timeline.first <= newAfter + 1;
  }

  /** Fetches the place that one wants to see. @param {number | null} at @param {boolean} [end] */
  async #open(at, end = false) {
    const place = at ?? (end ? null : this.#reading.start);
    if (await this.#fetch(place === null ? "" : `around=${place}`)) this.#arrive(at);
  }

  /** To a message of this room, held or not. @param {number} id */
  async #goTo(id) {
    if (!this.#timeline()?.find(id) && !(await this.#fetch(`around_id=${id}`))) return;
    const message = this.#timeline()?.find(id);
    if (!message) return;
    this.#arrive(message.seq);
    if (mayMoveFocus(this.#column)) this.#rows.of(message)?.focus({ preventScroll: true });
  }

  /** Shows another part of the history; says whether it came and is still wanted. @param {"" | `around=${number}` | `around_id=${number}`} where */
  async #fetch(where) {
    const { here } = this.#session;
    if (here === null) return false;
    const visit = ++this.#visit;
    this.#loading = true;
    try {
      await withWord("log-before", this.#session.load(here, where, "replace"));
    } catch (error) {
      if (visit === this.#visit) notify(reasonOf(error), true);
      return false;
    } finally {
      if (visit === this.#visit) this.#loading = false;
    }
    if (visit !== this.#visit) return false;
    this.#render();
    return true;
  }

  /** @param {number | null} at */
  #arrive(at) {
    const target = at === null ? null : this.#rows.at(at);
    const line = this.#rows.get("new");
    if (target) {
      this.#scroll.to(target, 0.5);
      this.#rows.light(target);
    } else if (line) {
      this.#scroll.to(line, 0.25);
    } else {
      this.#scroll.toEnd();
    }
    this.#scrolled();
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
    const rows = layOut({ messages: timeline.messages, drafts, me: store.me.id, newAfter: this.#reading.newAfter, dayOf });
    this.#scroll.complete = !timeline.hasAfter;
    this.#scroll.keep(() => this.#rows.show(rows));
    timeline.following = this.#scroll.atEnd;
    byId("empty").hidden = rows.length > 0;
    this.#column.hidden = rows.length === 0;
    if (rows.length === 0) paintEmpty(this.#session);
    this.#paintJump();
    if (read) this.#reading.read();
  }

  #paintJump() {
    const { entry } = this.#session;
    const timeline = this.#timeline();
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    const away = Boolean(timeline?.loaded && timeline.messages.length && !this.#scroll.atEnd);
    paintJump(away, scrollHeight - scrollTop > 2 * clientHeight || Boolean(timeline?.hasAfter), entry?.unread ?? 0);
  }

  #scrolled() {
    const timeline = this.#timeline();
    if (!timeline?.loaded) return;
    timeline.following = this.#scroll.atEnd;
    this.#paintJump();
    this.#reading.read();
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
    try {
      await withWord(word, this.#session.load(here, where, how));
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
    }
    if (visit !== this.#visit) return;
    this.#loading = false;
    this.#render();
    this.#scrolled();
  }

  /** The page was hidden, or is seen again: then the line stands where one looked away. @param {boolean} visible */
  #seen(visible) {
    if (!visible) return this.#reading.lookAway();
    if (this.#reading.lookBack()) {
      this.#render(false);
      const line = this.#rows.get("new");
      if (line && line.getBoundingClientRect().top < this.#log.getBoundingClientRect().top) this.#scroll.to(line, 0.25);
    }
    this.#reading.read();
  }

  /** @param {Message} message */
  async #markUnread(message) {
    await this.#reading.unreadFrom(message);
    this.#render();
  }
}
