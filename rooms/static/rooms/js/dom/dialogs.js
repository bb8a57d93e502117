import { byId } from "./piece.js";

/** @param {string} id @returns {HTMLDialogElement} */
export function dialog(id) {
  return /** @type {HTMLDialogElement} */ (byId(id));
}

/** @param {string} id @returns {HTMLInputElement} */
export function field(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** Of parts that stand for one use of a dialog each, show those of `use`. @param {HTMLElement} box @param {string} use */
export function showOnly(box, use) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("[data-only]"))) {
    part.hidden = part.dataset.only !== use;
  }
}

/** @param {HTMLElement} box @param {string} text */
export function showError(box, text) {
  const line = /** @type {HTMLElement} */ (box.querySelector("[data-slot=error]"));
  line.textContent = text;
  line.hidden = !text;
}

/**
 * Asks before something that cannot be taken back lightly; the focus starts on the harmless button.
 * @param {{title: string, text: string, yes: string, quote?: string, reason?: boolean}} question
 * @returns {Promise<{reason: string} | null>} null: no
 */
export function ask({ title, text, yes, quote = "", reason = false }) {
  const box = dialog("ask");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  byId("ask-text").hidden = !text;
  byId("ask-yes").textContent = yes;
  byId("ask-quote").textContent = quote;
  byId("ask-quote").hidden = !quote;
  byId("ask-reason-row").hidden = !reason;
  field("ask-reason").value = "";
  box.returnValue = "";
  box.showModal();
  (reason ? field("ask-reason") : byId("ask-no")).focus();
  const form = /** @type {HTMLFormElement} */ (box.querySelector("form"));
  return new Promise((resolve) => {
    form.onsubmit = () => resolve({ reason: field("ask-reason").value.trim() });
    box.onclose = () => resolve(null);
  });
}

/** Every dialog closes by its own button, and by a press beside it. */
export function prepareDialogs() {
  for (const box of document.querySelectorAll("dialog")) {
    box.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      if (target === box || target.closest("[data-act=close-dialog]")) box.close();
    });
  }
}
