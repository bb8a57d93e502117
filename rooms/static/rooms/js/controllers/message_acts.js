import { attempt, copy } from "../dom/notice.js";
import { onLongPress } from "../dom/long_press.js";
import { actOf, byId, isTouch } from "../dom/piece.js";
import { say } from "../dom/texts.js";
import { openEditor } from "./message_editor.js";
import { openMessageMenu, wantsDeleted } from "./message_menu.js";
import { MessageToolbar } from "./message_toolbar.js";

/** @import {Session} from "../live/session.js" */
/** @import {ScrollManager} from "../dom/scroll_manager.js" */
/** @import {Message} from "../models/types.js" */
/** @import {LogRows} from "./log_rows.js" */
/** @typedef {(anchor: Element, choose: (emoji: string) => void) => void} OpenPicker */
/** @typedef {{session: Session, rows: LogRows, scroll: ScrollManager, openPicker: OpenPicker, unreadFrom: (message: Message) => void, goTo: (id: number) => void}} Parts */

/** What one does with messages: by the mouse, by the keyboard, by a finger. */
export class MessageActs {
  #session;
  #rows;
  #scroll;
  #openPicker;
  #unreadFrom;
  #goTo;
  #toolbar;

  /** @param {HTMLElement} log @param {HTMLElement} column @param {Parts} parts */
  constructor(log, column, { session, rows, scroll, openPicker, unreadFrom, goTo }) {
    this.#session = session;
    this.#rows = rows;
    this.#scroll = scroll;
    this.#openPicker = openPicker;
    this.#unreadFrom = unreadFrom;
    this.#goTo = goTo;
    this.#toolbar = new MessageToolbar(column, (row) => this.#fits(row));
    column.addEventListener("click", (event) => this.#click(event));
    column.addEventListener("keydown", (event) => this.#key(event));
    column.addEventListener("contextmenu", (event) => {
      if (isTouch() && event.target instanceof Element && event.target.closest(".message") && !event.target.closest("a")) event.preventDefault();
    });
    onLongPress(column, log, (target) => this.#heldRow(target), (row) => {
      const message = rows.messageOf(row);
      if (message) this.#openMenu(message, row);
    });
  }

  /** In its place. @param {Message} message */
  edit(message) {
    const row = this.#rows.of(message);
    if (!row) return;
    this.#toolbar.remove();
    openEditor(row, message, this.#scroll, (body) => this.#save(message, body));
  }

  /** @param {HTMLElement} row */
  #fits(row) {
    const message = this.#rows.messageOf(row);
    return message !== undefined && !message.deleted && this.#session.writable && !row.querySelector(".message__editor");
  }

  /** @param {Element} target */
  #heldRow(target) {
    const row = /** @type {HTMLElement | null} */ (target.closest(".message"));
    const message = row && this.#rows.messageOf(row);
    return message && !message.deleted ? row : null;
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const button = actOf(event);
    const row = /** @type {HTMLElement | null | undefined} */ (button?.closest(".message"));
    if (!button || !row) return this.#followLink(event);
    const key = row.dataset.key ?? "";
    const message = this.#rows.messageOf(row);
    /** @type {Record<string, () => void>} */
    const acts = {
      retry: () => void this.#session.outbox.retry(key),
      discard: () => void this.#session.outbox.discard(key),
      "copy-code": () => void copy(button.parentElement?.querySelector("pre")?.textContent ?? "", say("copied")),
      fold: () => this.#unfold(row),
      answer: () => this.#goTo(Number(button.dataset.to)),
    };
    const act = acts[button.dataset.act ?? ""];
    if (act) act();
    else if (message) this.#actOn(message, button);
  }

  /** @param {Message} message @param {HTMLElement} button */
  #actOn(message, button) {
    /** @type {Record<string, () => void>} */
    const acts = {
      react: () => void attempt(this.#session.toggleReaction(message, button.dataset.emoji ?? "")),
      pick: () => this.#pick(message, button),
      reply: () => this.#session.replying.emit(message),
      more: () => this.#openMenu(message, button),
      undo: () => void attempt(this.#session.connection.send({ type: "message.undelete", message: message.id })),
    };
    acts[button.dataset.act ?? ""]?.();
  }

  /** @param {Message} message @param {Element} anchor */
  #pick(message, anchor) {
    this.#openPicker(anchor, (emoji) => {
      const now = this.#session.store.timeline(message.room).find(message.id) ?? message;
      attempt(this.#session.toggleReaction(now, emoji));
    });
  }

  /** @param {Message} message @param {Element} anchor */
  #openMenu(message, anchor) {
    openMessageMenu(anchor, message, this.#session, { edit: (one) => this.edit(one), unreadFrom: this.#unreadFrom });
  }

  /** @param {HTMLElement} row */
  #unfold(row) {
    row.dataset.open = "yes";
    this.#scroll.keep(() => this.#rows.fold(row));
  }

  /** A message's own address opens here, without a reload. @param {MouseEvent} event */
  #followLink(event) {
    const link = event.target instanceof Element ? event.target.closest("a.message__time") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(history.state, "", link.getAttribute("href"));
    this.#rows.light(/** @type {HTMLElement} */ (link.closest(".message")));
  }

  /** Says whether the edit is done with. @param {Message} message @param {string} body */
  async #save(message, body) {
    if (body === message.body) return true;
    if (!body) return (await wantsDeleted(message)) && (await attempt(this.#session.delete(message).then(() => true))) === true;
    const saved = await attempt(this.#session.connection.send({ type: "message.edit", message: message.id, body }));
    if (saved) this.#session.store.confirm(saved.message);
    return saved !== undefined;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = /** @type {HTMLElement} */ (event.target);
    if (!row.classList.contains("message") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.#walk(event, row)) return event.preventDefault();
    const message = this.#rows.messageOf(row);
    if (message && !message.deleted && this.#shortcut(event.key.toLowerCase(), message, row)) event.preventDefault();
  }

  /** Says whether the key leads from row to row. @param {KeyboardEvent} event @param {HTMLElement} from */
  #walk(event, from) {
    const rows = this.#rows.articles;
    const at = rows.indexOf(from);
    /** @type {Record<string, number>} */
    const steps = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 };
    if (!(event.key in steps)) return false;
    const row = rows[steps[event.key]];
    if (row) {
      row.focus({ preventScroll: true });
      this.#scroll.show(row);
    } else if (event.key === "ArrowDown") {
      byId("composer-text").focus();
    }
    return true;
  }

  /** Says whether the key was one. @param {string} key @param {Message} message @param {HTMLElement} row */
  #shortcut(key, message, row) {
    const mine = message.author?.id === this.#session.store.me.id;
    if (key === "enter") this.#openMenu(message, row);
    else if (!this.#session.writable) return false;
    else if (key === "r") this.#session.replying.emit(message);
    else if (key === "e" && mine) this.edit(message);
    else if (key === "+") this.#pick(message, row);
    else return false;
    return true;
  }
}
