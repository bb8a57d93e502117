/** Without accents and case, so that “maria” finds “María”: as `accounts/names.py` has the server do it. @param {string} text */
export function plain(text) {
  return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
}

/**
 * How well a name matches what was typed: 0 not at all, more is better.
 * @param {string} name @param {string} query
 */
function score(name, query) {
  const text = plain(name);
  const wanted = plain(query.trim());
  if (!wanted) return 1;
  const at = text.indexOf(wanted);
  if (at === 0) return 4;
  if (at > 0) return /[\s\-_.]/.test(text[at - 1]) ? 3 : 2;
  return wanted.split(/\s+/).every((word) => text.includes(word)) ? 1 : 0;
}

/**
 * Those that match, the best first; equals stay in their order.
 * @template T @param {T[]} items @param {string} query @param {(item: T) => string[]} names @returns {T[]}
 */
export function best(items, query, names) {
  return items
    .map((item) => ({ item, score: Math.max(...names(item).map((name) => score(name, query))) }))
    .filter((found) => found.score > 0)
    .sort((a, b) => b.score - a.score)
    .map((found) => found.item);
}

/** Where in a name the query stands, to mark it. @param {string} name @param {string} query @returns {[number, number] | null} */
export function place(name, query) {
  const wanted = plain(query.trim());
  const text = plain(name);
  if (!wanted || text.length !== name.length) return null;
  const at = text.indexOf(wanted);
  return at < 0 ? null : [at, at + wanted.length];
}
