/** The only place where markup becomes elements: the server's own, which it has sanitised. @param {HTMLElement} element @param {string} html */
export function setTrustedHtml(element, html) {
  element.innerHTML = html;
}
