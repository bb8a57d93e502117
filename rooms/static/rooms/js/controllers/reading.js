import { attempt } from "../dom/notice.js";

/** @import {Session} from "../live/session.js" */
/** @import {ScrollManager} from "../dom/scroll_manager.js" */
/** @import {Message} from "../models/types.js" */
/** @import {LogRows} from "./log_rows.js" */

const FAR_BEHIND = 30; // unread messages, from which on one starts to read where one left off

/** How far one has read in the room that is here, and where the line “New” stands. */
export class Reading {
  /** Where the reader left off, while something after it was new. @type {number | null} */
  newAfter = null;
  /** How far one had read when the page was hidden. @type {number | null} */
  #lookedAway = null;
  /** After “mark unread” nothing is read until one leaves. */
  #paused = false;
  #session;
  #log;
  #rows;
  #scroll;

  /** @param {Session} session @param {HTMLElement} log @param {LogRows} rows @param {ScrollManager} scroll */
  constructor(session, log, rows, scroll) {
    this.#session = session;
    this.#log = log;
    this.#rows = rows;
    this.#scroll = scroll;
  }

  /** One has come into a room. */
  begin() {
    const { entry } = this.#session;
    this.#paused = false;
    this.newAfter = entry && entry.unread > 0 ? entry.read_seq : null;
  }

  goOn() {
    this.#paused = false;
  }

  /** Where to start reading; null: at the end. */
  get start() {
    return (this.#session.entry?.unread ?? 0) > FAR_BEHIND ? this.newAfter : null;
  }

  /** What is in view of a visible page is read. */
  read() {
    const { here, reader, member, store } = this.#session;
    const timeline = here === null ? undefined : store.timelines.get(here);
    if (here === null || !member || this.#paused || !timeline?.loaded || document.visibilityState !== "visible") return;
    if (this.#scroll.atEnd) return reader.read(here, timeline.last);
    const bottom = this.#log.getBoundingClientRect().bottom;
    const seen = this.#rows.articles.findLast((row) => row.dataset.seq && row.getBoundingClientRect().bottom <= bottom);
    if (seen) reader.read(here, Number(seen.dataset.seq));
  }

  readAll() {
    const { entry, reader } = this.#session;
    if (entry) reader.read(entry.id, entry.seq);
    this.newAfter = null;
  }

  /** @param {Message} message */
  async unreadFrom(message) {
    this.#paused = true;
    await attempt(this.#session.reader.unread(message.room, message.seq));
    this.newAfter = message.seq - 1;
  }

  lookAway() {
    const { entry } = this.#session;
    this.#lookedAway = entry?.unread === 0 ? entry.read_seq : null;
  }

  /** Says whether something came meanwhile: then the line stands where one looked away. */
  lookBack() {
    const missed = this.#lookedAway !== null && (this.#session.entry?.unread ?? 0) > 0;
    if (missed) this.newAfter = this.#lookedAway;
    this.#lookedAway = null;
    return missed;
  }
}
