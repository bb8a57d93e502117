/** @import {Frame} from "../models/types.js" */

export const LOST = { code: "lost" };
const SILENCE = 1.5; // times the heartbeat
const OPENS_IN = 8_000; // milliseconds for a welcome
const ANSWERS_IN = 4_000; // milliseconds for anything at all, when there is reason to doubt
const LATE = 1_000; // milliseconds: a timer that is later slept with the machine

/**
 * One WebSocket: commands up with their answers, frames down, and the ear for silence.
 * `onEnd` is called once, with the close code; 0 when we gave it up.
 */
export class Link {
  resumed = false;
  /** Since when the server had owed us a frame when we gave it up; 0 if that was not why. */
  missed = 0;
  #socket;
  #heartbeat = 10;
  #due = 0; // when a frame is due
  #deadline = 0; // until when we wait for it
  #ended = false;
  #timer = 0;
  #refs = 0;
  /** @type {Map<string, {resolve: (frame: any) => void, reject: (reason: any) => void}>} */
  #pending = new Map();
  #onFrame;
  #onEnd;

  /** @param {string} url @param {{onFrame: (frame: Frame, link: Link) => void, onEnd: (code: number, reason: string, link: Link) => void}} to */
  constructor(url, { onFrame, onEnd }) {
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener("message", (event) => this.#take(JSON.parse(event.data)));
    this.#socket.addEventListener("close", (event) => this.#end(event.code, event.reason));
    this.#expect(Date.now(), Date.now() + OPENS_IN);
  }

  get open() {
    return !this.#ended && this.#socket.readyState === WebSocket.OPEN;
  }

  get busy() {
    return this.#pending.size > 0;
  }

  /** @param {{type: string, [field: string]: unknown}} command @returns {Promise<any>} the ack; rejects with the error */
  send(command) {
    if (!this.open) return Promise.reject(LOST);
    this.#refs += 1;
    const ref = String(this.#refs);
    return new Promise((resolve, reject) => {
      this.#pending.set(ref, { resolve, reject });
      this.#socket.send(JSON.stringify({ ...command, ref }));
    });
  }

  /** Best effort, without an answer. @param {object} command */
  tell(command) {
    if (this.open) this.#socket.send(JSON.stringify(command));
  }

  /** The network changed or the machine woke up: look at the clock, which the timer may have slept through, and ask. */
  probe() {
    const now = Date.now();
    if (now > this.#deadline) return this.end();
    if (!this.open) return undefined;
    this.tell({ type: "ping" });
    this.#expect(Math.min(this.#due, now), Math.min(this.#deadline, now + ANSWERS_IN));
    return undefined;
  }

  end() {
    this.#socket.close();
    this.#end(0, "");
  }

  /** @param {Frame} frame */
  #take(frame) {
    if (this.#ended) return; // what still arrives on a socket that we gave up comes again on the next
    if (frame.type === "welcome") this.#heartbeat = frame.heartbeat;
    const due = Date.now() + this.#heartbeat * 1_000;
    this.#expect(due, due + this.#heartbeat * (SILENCE - 1) * 1_000);
    const waiting = typeof frame.ref === "string" ? this.#pending.get(frame.ref) : undefined;
    if (waiting && (frame.type === "ack" || frame.type === "error")) {
      this.#pending.delete(/** @type {string} */ (frame.ref));
      if (frame.type === "ack") waiting.resolve(frame);
      else waiting.reject(frame);
      return;
    }
    this.#onFrame(frame, this);
  }

  /** A frame is due; without one we give up in the end. @param {number} due @param {number} deadline */
  #expect(due, deadline) {
    this.#due = due;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), deadline - Date.now());
  }

  #giveUp() {
    if (Date.now() - this.#deadline < LATE) this.missed = this.#due;
    this.end();
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    for (const { reject } of this.#pending.values()) reject(LOST);
    this.#pending.clear();
    this.#onEnd(code, reason, this);
  }
}
