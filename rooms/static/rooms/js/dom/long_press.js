const HELD = 450; // milliseconds
const STILL = 4; // pixels that a finger may move and still hold

/**
 * A long press opens what a mouse finds in the toolbar; at its end, or the finger that leaves would close it.
 * @param {HTMLElement} box @param {HTMLElement} scroller @param {(target: Element) => HTMLElement | null} rowOf null: nothing to hold
 * @param {(row: HTMLElement) => void} open
 */
export function onLongPress(box, scroller, rowOf, open) {
  let timer = 0;
  /** @type {HTMLElement | null} */
  let held = null;
  const release = () => {
    clearTimeout(timer);
    const row = held;
    held = null;
    row?.classList.remove("message--held");
    if (row) setTimeout(() => open(row));
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" || !(event.target instanceof Element) || event.target.closest("button, a, textarea")) return;
    const row = rowOf(event.target);
    if (!row) return;
    timer = setTimeout(() => {
      held = row;
      row.classList.add("message--held");
    }, HELD);
  });
  box.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.movementX, event.movementY) > STILL) clearTimeout(timer);
  });
  for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, release);
  scroller.addEventListener("scroll", () => clearTimeout(timer), { passive: true });
}
