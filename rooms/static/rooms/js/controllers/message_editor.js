import { mayMoveFocus } from "../dom/focus.js";
import { actOf, byId, clone, isTouch, slot } from "../dom/piece.js";

/** @import {ScrollManager} from "../dom/scroll_manager.js" */
/** @import {Message} from "../models/types.js" */

/**
 * Edits a message in its place. `save` says whether the edit is done with.
 * @param {HTMLElement} row @param {Message} message @param {ScrollManager} scroll @param {(body: string) => Promise<boolean>} save
 */
export function openEditor(row, message, scroll, save) {
  if (row.querySelector(".message__editor")) return;
  const editor = clone("t-editor");
  const text = /** @type {HTMLTextAreaElement} */ (editor.querySelector("textarea"));
  const body = slot(row, "body");
  const close = () => {
    const waited = mayMoveFocus(editor);
    scroll.keep(() => {
      editor.remove();
      body.hidden = false;
    });
    if (waited && !isTouch()) byId("composer-text").focus({ preventScroll: true });
  };
  const finish = async () => {
    if (await save(text.value.trim())) close();
  };
  editor.addEventListener("click", (event) => {
    const act = actOf(event)?.dataset.act;
    if (act === "save") finish();
    if (act === "cancel") close();
  });
  text.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey && !isTouch()) finish();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  text.value = message.body;
  scroll.keep(() => {
    body.hidden = true;
    body.after(editor);
  });
  text.focus({ preventScroll: true });
  text.setSelectionRange(text.value.length, text.value.length);
  scroll.show(row);
}
