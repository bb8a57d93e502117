/**
 * The only place where text becomes markup: what the server sanitised when the message was written.
 * @param {Element} element @param {string} html
 */
export function setSanitised(element, html) {
  element.innerHTML = html;
}
