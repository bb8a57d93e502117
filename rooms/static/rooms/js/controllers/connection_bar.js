import { byId } from "../dom/piece.js";
import { say, sayCount } from "../dom/texts.js";

/** @import {Session} from "../live/session.js" */

const PATIENCE = 5_000; // milliseconds without a server, before a word is said

/** Nothing while all is well; else a sentence, when the next try is, and a way to try now. */
export class ConnectionBar extends HTMLElement {
  /** @type {Session} */
  #session = /** @type {any} */ (null);
  #timer = 0;

  /** @param {Session} session */
  start(session) {
    this.#session = session;
    session.connection.changed.subscribe(() => this.#paint());
    byId("bar").querySelector("[data-act=try-now]")?.addEventListener("click", () => session.connection.tryNow());
    this.#paint();
  }

  #paint() {
    clearTimeout(this.#timer);
    const { state, lost, next, refused, code } = this.#session.connection.status;
    const now = Date.now();
    const shown = state === "refused" || (state !== "open" && now - lost >= PATIENCE);
    byId("bar").hidden = !shown;
    const button = /** @type {HTMLElement} */ (byId("bar").querySelector("[data-act=try-now]"));
    button.hidden = state !== "waiting";
    /** @type {HTMLElement} */ (byId("bar").querySelector(".bar__dots")).hidden = state === "refused";
    byId("bar-sign-in").hidden = !(state === "refused" && code === 4401);
    byId("me-state").textContent = say(shown ? "offline" : "here");
    byId("me-avatar").className = `presence presence--${shown ? "away" : "here"}`;
    if (state === "refused") return this.#say(code === 4401 ? say("signed_out") : refused ? say("banned_because", { reason: refused }) : say("banned"));
    if (state === "open") return;
    const seconds = Math.ceil((next - now) / 1_000);
    this.#say(state === "waiting" && seconds > 0 ? sayCount("next_try", seconds) : say("reconnecting"));
    this.#timer = setTimeout(() => this.#paint(), shown ? 1_000 - ((now - lost) % 1_000) : Math.max(50, PATIENCE - (now - lost)));
  }

  /** @param {string} text */
  #say(text) {
    const line = byId("bar-text");
    if (line.textContent !== text) line.textContent = text;
  }
}
