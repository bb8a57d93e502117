import { dialog } from "../dom/dialogs.js";
import { byId, isTouch } from "../dom/piece.js";

/** @import {Composer} from "./composer.js" */
/** @import {Conversation} from "./conversation.js" */
/** @import {Switcher} from "./switcher.js" */
/**
 * `step` goes so many rooms down the list, or to the next unread one; `closeSide` says whether something was open there.
 * @typedef {{switcher: Switcher, conversation: Conversation, composer: Composer,
 *   step: (by: number, unread: boolean) => void, closeSide: () => boolean}} Ways
 */

/** The page's own keys, wherever the focus is. */
export class Shortcuts {
  #ways;

  /** @param {Ways} ways */
  constructor(ways) {
    this.#ways = ways;
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.defaultPrevented) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "k") {
      event.preventDefault();
      return this.#ways.switcher.open();
    }
    if (document.querySelector("dialog[open], [popover]:not(#notice):popover-open")) return;
    if (event.altKey && (key === "arrowup" || key === "arrowdown")) {
      event.preventDefault();
      return this.#ways.step(key === "arrowdown" ? 1 : -1, event.shiftKey);
    }
    if (key === "f6") {
      event.preventDefault();
      return this.#cross();
    }
    if (key === "escape") return this.#escape();
    this.#write(event);
  }

  /** To the messages from where one writes, and back. */
  #cross() {
    const { entrance } = this.#ways.composer;
    if (entrance && document.activeElement !== entrance) return entrance.focus();
    return this.#ways.conversation.entrance?.focus();
  }

  #escape() {
    const { closeSide, composer, conversation } = this.#ways;
    if (closeSide()) return;
    if (document.activeElement !== byId("composer-text") && !isTouch()) composer.focusText();
    conversation.finish();
  }

  /** A letter that is meant for nothing else goes into the composer. @param {KeyboardEvent} event */
  #write(event) {
    const { composer } = this.#ways;
    const writing = event.target instanceof Element && event.target.closest("input, textarea");
    if (event.key === "?" && (!writing || (event.target === byId("composer-text") && composer.empty))) {
      event.preventDefault();
      dialog("keys").showModal();
    } else if (!writing && event.key.length === 1 && event.key !== " " && !isCommand(event) && document.activeElement === document.body) {
      composer.focusText();
    }
  }
}

/** @param {KeyboardEvent} event */
function isCommand(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}
