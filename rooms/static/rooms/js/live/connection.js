import { Backoff } from "../models/backoff.js";
import { Signal } from "../models/signal.js";
import { Link, LOST } from "./link.js";

/** @import {Frame} from "../models/types.js" */
/** @import {Store} from "../models/store.js" */
/**
 * `lost`: since when, `next`: when the next try is (both milliseconds), `refused`: no try will help, and why.
 * @typedef {{state: "open" | "connecting" | "waiting" | "refused", lost: number, next: number, refused: string, code: number}} Status
 */

const LET_GO = 3_000; // for the old link's answers, after its successor has resumed

/** The one live connection: it comes back, goes on from its cursors, and moves over when asked to. */
export class Connection {
  /** @type {Signal<Status>} */
  changed = new Signal();
  /** After each resume. @type {Signal<void>} */
  resumed = new Signal();
  /** @type {Status} */
  status = { state: "connecting", lost: Date.now(), next: 0, refused: "", code: 0 };
  #url;
  #store;
  /** @type {Link | null} */
  #link = null;
  /** @type {Link | null} */
  #successor = null;
  #backoff = new Backoff();
  #timer = 0;

  /** @param {string} url @param {Store} store */
  constructor(url, store) {
    this.#url = url;
    this.#store = store;
  }

  start() {
    addEventListener("online", () => this.tryNow());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.tryNow();
    });
    this.#connect();
  }

  tryNow() {
    if (this.status.state === "waiting") this.#connect();
    else this.#link?.probe();
  }

  /** @param {{type: string, [field: string]: unknown}} command @returns {Promise<any>} */
  send(command) {
    return this.#link && this.status.state === "open" ? this.#link.send(command) : Promise.reject(LOST);
  }

  /** @param {object} command */
  tell(command) {
    if (this.status.state === "open") this.#link?.tell(command);
  }

  /** Ask for what changed in one room after its cursor. @param {number} room @param {number} cursor */
  catchUp(room, cursor) {
    return this.send({ type: "rooms.resume", epoch: this.#store.epoch, cursors: { [room]: cursor } }).catch(() => {});
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#say({ state: "connecting", next: 0 });
    this.#link = this.#open();
  }

  #open() {
    return new Link(this.#url, {
      onFrame: (frame, link) => this.#take(frame, link),
      onEnd: (code, reason, link) => this.#ended(code, reason, link),
    });
  }

  /** @param {Frame} frame @param {Link} link */
  #take(frame, link) {
    if (frame.type === "reconnect") {
      if (link === this.#link) this.#moveWithin(frame.within);
      return;
    }
    this.#store.apply(frame, link.resumed);
    if (frame.type === "welcome") this.#resume(link);
  }

  /** @param {Link} link */
  async #resume(link) {
    try {
      await link.send({ type: "rooms.resume", epoch: this.#store.epoch, cursors: this.#store.cursors() });
    } catch {
      if (link.open) link.end(); // not resumed is not connected
      return;
    }
    link.resumed = true;
    this.#store.listed();
    if (link === this.#successor) this.#takeOver(link);
    this.#backoff.reset();
    this.#store.live = true;
    this.#say({ state: "open", lost: 0, next: 0 });
    this.resumed.emit();
  }

  /** The server goes away within so many seconds: a new link first, then this one goes. @param {number} within */
  #moveWithin(within) {
    if (this.#successor) return;
    setTimeout(() => {
      if (this.status.state === "open" && !this.#successor) this.#successor = this.#open();
    }, Math.random() * within * 800);
  }

  /** @param {Link} link */
  #takeOver(link) {
    const old = this.#link;
    this.#link = link;
    this.#successor = null;
    if (!old) return;
    const until = Date.now() + LET_GO;
    const leave = () => {
      if (old.busy && Date.now() < until) setTimeout(leave, 100);
      else old.end();
    };
    leave();
  }

  /** @param {number} code @param {string} reason @param {Link} link */
  #ended(code, reason, link) {
    if (link === this.#successor) {
      this.#successor = null;
      this.#moveWithin(1);
      return;
    }
    if (link !== this.#link) return;
    this.#link = null;
    this.#store.live = false;
    if (this.#successor) {
      this.#link = this.#successor;
      this.#successor = null;
      this.#say({ state: "connecting", lost: Date.now() });
      return;
    }
    if (code === 4401 || code === 4403) {
      this.#say({ state: "refused", refused: reason, code });
      return;
    }
    this.#waitForNext(code, link.missed || Date.now());
  }

  /** @param {number} code @param {number} since without a server */
  #waitForNext(code, since) {
    const wait = code === 4429 || code === 4400 ? 30_000 : this.#backoff.next();
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#say({ state: "waiting", lost: this.status.lost || since, next: Date.now() + wait, code });
  }

  /** @param {Partial<Status>} news */
  #say(news) {
    this.status = { ...this.status, ...news };
    this.changed.emit(this.status);
  }
}
