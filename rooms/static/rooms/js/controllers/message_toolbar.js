import { QUICK } from "../models/emoji.js";
import { byId, clone, slot } from "../dom/piece.js";
import { say } from "../dom/texts.js";

/** What one can do with the message under the pointer or the focus: one toolbar, which goes from row to row. */
export class MessageToolbar {
  #bar = clone("t-toolbar");
  #fits;

  /** @param {HTMLElement} column @param {(row: HTMLElement) => boolean} fits whether a row's message can be acted on */
  constructor(column, fits) {
    this.#fits = fits;
    this.#fill();
    column.addEventListener("pointerover", (event) => {
      if (event.pointerType === "mouse") this.#offer(event.target);
    });
    column.addEventListener("pointerleave", () => this.#drop());
    column.addEventListener("focusin", (event) => this.#offer(event.target));
  }

  remove() {
    this.#bar.remove();
  }

  #fill() {
    slot(this.#bar, "quick").replaceWith(
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
  #offer(target) {
    const row = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(".message")) : null;
    if (!row || row === this.#bar.parentElement || somethingIsOpen() || !this.#fits(row)) return;
    // What the pointer has focused gives way to it; where the keyboard is, the toolbar stays
    if (this.#bar.querySelector(":focus-visible")) return;
    row.append(this.#bar);
  }

  /** Neither the pointer nor the keyboard is at its message any longer. */
  #drop() {
    const row = this.#bar.parentElement;
    if (!somethingIsOpen() && !row?.matches(":focus-visible") && !row?.querySelector(":focus-visible")) this.#bar.remove();
  }
}

function somethingIsOpen() {
  return byId("menu").matches(":popover-open") || byId("picker").matches(":popover-open");
}
