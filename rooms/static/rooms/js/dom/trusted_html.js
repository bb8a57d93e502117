/** The only place where markup becomes elements of the page: the server's own, which it has sanitised. @param {HTMLElement} element @param {string} html */
export function setTrustedHtml(element, html) {
  element.innerHTML = html;
}

/** Its words alone, read in a document of their own where nothing is loaded or run. @param {string} html */
export function textOf(html) {
  return new DOMParser().parseFromString(html, "text/html").body.textContent ?? "";
}
