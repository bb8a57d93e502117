/** An element that the page's markup promises. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}`);
  return found;
}

/** A fresh copy of what a template holds. @param {string} name of the template, without its `t-` @returns {HTMLElement} */
export function clone(name) {
  const template = /** @type {HTMLTemplateElement} */ (byId(`t-${name}`));
  const first = template.content.firstElementChild;
  if (!first) throw new Error(`Template ${name} is empty`);
  return /** @type {HTMLElement} */ (document.importNode(first, true));
}

/** The part of a piece of markup that has a name. @param {ParentNode} root @param {string} name @returns {HTMLElement} */
export function slot(root, name) {
  const found = root.querySelector(`[data-slot="${name}"]`);
  if (!found) throw new Error(`There is no slot ${name}`);
  return /** @type {HTMLElement} */ (found);
}

/** @param {string} name @param {string} [size] @returns {Element} */
export function icon(name, size = "") {
  const drawn = clone("icon");
  setIcon(drawn, name);
  if (size) drawn.classList.add(`icon--${size}`);
  return drawn;
}

/** @param {Element} drawn @param {string} name */
export function setIcon(drawn, name) {
  const use = drawn.matches("use") ? drawn : drawn.querySelector("use");
  use?.setAttribute("href", `#i-${name}`);
}

/** A block of data that the server put into the page. @param {string} id @returns {any} */
export function data(id) {
  return JSON.parse(byId(id).textContent ?? "null");
}
