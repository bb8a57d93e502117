import { emojiName, findEmoji, QUICK } from "../models/emoji.js";
import { field } from "../dom/dialogs.js";
import { openBeside } from "../dom/menu.js";
import { byId, clone, isTouch } from "../dom/piece.js";
import { language, say } from "../dom/texts.js";

const ACROSS = 8;

/** The small picker of emoji, one for the page. */
export class Picker extends HTMLElement {
  #box = byId("picker");
  #grid = byId("picker-grid");
  /** @type {(emoji: string) => void} */
  #choose = () => {};

  start() {
    byId("picker-quick").replaceChildren(...QUICK.map((emoji) => this.#button(emoji)));
    const find = field("picker-find");
    find.addEventListener("input", () => this.#fill(find.value));
    find.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      /** @type {HTMLElement | null} */ (this.#grid.querySelector("button"))?.click();
    });
    this.#box.addEventListener("keydown", (event) => this.#walk(event));
    for (const kind of ["focusin", "pointerover"]) this.#box.addEventListener(kind, (event) => this.#name(event.target));
  }

  /** @param {Element} anchor @param {(emoji: string) => void} choose */
  open(anchor, choose) {
    this.#choose = choose;
    field("picker-find").value = "";
    byId("picker-name").textContent = "";
    this.#fill("");
    openBeside(this.#box, anchor);
    if (!isTouch()) field("picker-find").focus();
  }

  /** @param {string} query */
  #fill(query) {
    const found = findEmoji(query);
    this.#grid.replaceChildren(...found.map(([emoji]) => this.#button(emoji)));
    if (found.length) return;
    const none = document.createElement("p");
    none.className = "picker__none";
    none.textContent = say("no_emoji");
    this.#grid.append(none);
  }

  /** @param {string} emoji */
  #button(emoji) {
    const button = clone("t-emoji");
    button.textContent = emoji;
    button.setAttribute("aria-label", `${emoji} ${emojiName(emoji, language)}`);
    button.addEventListener("click", () => {
      this.#box.hidePopover();
      this.#choose(emoji);
    });
    return button;
  }

  /** @param {EventTarget | null} target */
  #name(target) {
    const button = target instanceof Element ? target.closest(".picker__emoji") : null;
    if (button) byId("picker-name").textContent = `${button.textContent}  ${emojiName(button.textContent ?? "", language)}`;
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const buttons = /** @type {HTMLElement[]} */ ([...this.#box.querySelectorAll(".picker__emoji")]);
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: at < 0 ? 0 : at + ACROSS, ArrowUp: at - ACROSS, ArrowRight: at + 1, ArrowLeft: at - 1 };
    const inField = at < 0 && event.key !== "ArrowDown";
    if (!(event.key in steps) || inField) return;
    event.preventDefault();
    (buttons[steps[event.key]] ?? field("picker-find")).focus();
  }
}
