/** A copy of the first element of a `<template>`. @param {string} id @returns {HTMLElement} */
export function clone(id) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id));
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}.`);
  return element;
}

/** @param {Element} parent @param {string} name @returns {HTMLElement} */
export function slot(parent, name) {
  const element = parent.querySelector(`[data-slot="${name}"]`);
  if (!element) throw new Error(`There is no place for ${name}.`);
  return /** @type {HTMLElement} */ (element);
}

/** @param {string} name @param {boolean} [small] */
export function icon(name, small = false) {
  const element = clone("t-icon");
  element.classList.toggle("icon--s", small);
  element.firstElementChild?.setAttribute("href", `#i-${name}`);
  return element;
}

/** The nearest element at an event that says what to do. @param {Event} event @returns {HTMLElement | null} */
export function actOf(event) {
  return event.target instanceof Element ? event.target.closest("[data-act]") : null;
}

/** Whether the main pointer is a finger. */
export function isTouch() {
  return matchMedia("(pointer: coarse)").matches;
}
