/** The page's sentences, in the reader's language, as the server wrote them into the page. */

/** @type {Record<string, string | Record<string, string>>} */
let texts = {};
export const language = document.documentElement.lang || "en";
const plurals = new Intl.PluralRules(language);

export function readTexts() {
  texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");
}

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values = {}) {
  const text = texts[key];
  return fill(typeof text === "string" ? text : key, values);
}

/** The form that fits a number; `{count}` is the number. @param {string} key @param {number} count @param {Record<string, string>} [values] */
export function sayCount(key, count, values = {}) {
  const forms = texts[key];
  if (!forms || typeof forms === "string") return say(key, { count, ...values });
  return fill(forms[plurals.select(count)] ?? forms.other, { count, ...values });
}

/** @param {string} text @param {Record<string, string | number>} values */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
