/**
 * Changes what a box shows. What has the focus there may be gone afterwards, or have lost it by moving: then it, or its
 * heir, has the focus again. A change that itself puts the focus elsewhere is left alone.
 * @param {HTMLElement} box @param {() => void} change @param {() => HTMLElement | null | undefined} heir asked after the change
 */
export function keepFocus(box, change, heir) {
  const held = /** @type {HTMLElement} */ (document.activeElement);
  const within = box.contains(held);
  change();
  if (!within || (document.activeElement !== held && document.activeElement !== document.body)) return;
  const stays = held.isConnected && held.checkVisibility();
  if (stays && document.activeElement === held) return;
  (stays ? held : heir())?.focus({ preventScroll: true });
}

/**
 * Those beside an element, the element first, then those after it, then those before: who of them is still there
 * inherits its focus. @param {HTMLElement[]} all @param {HTMLElement | null | undefined} one
 */
export function neighbours(all, one) {
  const at = one ? all.indexOf(one) : -1;
  return at < 0 ? [] : [...all.slice(at), ...all.slice(0, at).reverse()];
}

/** Whether the focus is in a box or nowhere, so that what waited for the server may move it on. @param {Element} box */
export function mayMoveFocus(box) {
  return document.activeElement === document.body || box.contains(document.activeElement);
}
