import { byId, clone, isTouch, slot } from "./piece.js";

/**
 * @typedef {{icon: string, name: string, alarm?: boolean, run: () => void}} Act
 * @typedef {{name: string, text: string, emoji: string[], react: (emoji: string) => void}} About
 */

/** Places a popover beside what opened it; with touch the styles make a sheet of it. @param {HTMLElement} popover @param {Element} anchor */
export function openBeside(popover, anchor) {
  popover.showPopover();
  if (anchor.hasAttribute("aria-haspopup")) tellOpen(popover, anchor);
  if (isTouch()) return;
  const at = anchor.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const below = at.bottom + 4 + size.height <= innerHeight;
  const top = below ? at.bottom + 4 : Math.max(8, at.top - 4 - size.height);
  popover.style.top = `${Math.min(top, Math.max(8, innerHeight - size.height - 8))}px`;
  popover.style.left = `${Math.min(Math.max(8, at.right - size.width), innerWidth - size.width - 8)}px`;
}

/** @param {HTMLElement} popover @param {Element} anchor */
function tellOpen(popover, anchor) {
  anchor.setAttribute("aria-expanded", "true");
  popover.onbeforetoggle = ({ newState }) => {
    if (newState === "closed") anchor.setAttribute("aria-expanded", "false");
  };
}

/** A menu of what one can do here; closing, it gives the focus back by itself, at once. @param {Element} anchor @param {Act[]} acts @param {About} [about] shown with touch */
export function openMenu(anchor, acts, about) {
  const menu = byId("menu");
  const list = byId("menu-list");
  if (menu.matches(":popover-open")) menu.hidePopover();
  list.replaceChildren(...acts.map((act) => item(act, menu)));
  paintAbout(menu, about);
  menu.onkeydown = (event) => walk(event, menu);
  openBeside(menu, anchor);
  if (list.firstElementChild instanceof HTMLElement) list.firstElementChild.focus();
}

/** @param {Act} act @param {HTMLElement} menu */
function item(act, menu) {
  const button = clone("t-act");
  slot(button, "icon").setAttribute("href", `#i-${act.icon}`);
  slot(button, "name").textContent = act.name;
  button.classList.toggle("menu__act--alarm", Boolean(act.alarm));
  button.addEventListener("click", () => {
    menu.hidePopover();
    act.run();
  });
  return button;
}

/** @param {HTMLElement} menu @param {About | undefined} about */
function paintAbout(menu, about) {
  const quote = byId("menu-quote");
  const row = byId("menu-emoji");
  quote.hidden = row.hidden = !about;
  if (!about) return;
  /** @type {HTMLElement} */ (quote.firstElementChild).textContent = about.name;
  /** @type {HTMLElement} */ (quote.lastElementChild).textContent = about.text;
  row.replaceChildren(
    ...about.emoji.map((emoji) => {
      const button = clone("t-emoji");
      button.textContent = emoji;
      button.addEventListener("click", () => {
        menu.hidePopover();
        about.react(emoji);
      });
      return button;
    }),
  );
}

/** @param {KeyboardEvent} event @param {HTMLElement} menu */
function walk(event, menu) {
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role=menuitem]")]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {Record<string, number>} */
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 };
  if (event.key === "Tab") menu.hidePopover();
  if (!(event.key in steps)) return;
  event.preventDefault();
  items[steps[event.key] % items.length]?.focus();
}
