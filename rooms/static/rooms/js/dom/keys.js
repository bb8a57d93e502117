/** The keys that we name, as they stand on this keyboard. */
export function nameKeys() {
  if (!/^(Mac|iP)/.test(navigator.platform)) return;
  for (const key of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-mac]"))) key.textContent = key.dataset.mac ?? "";
}
