const HOLDS = 5_000; // milliseconds; the protocol's
const SAYS_EVERY = 3_000;

/** Who is typing where, and when to say that oneself is. */
export class TypingTracker {
  /** Room to person to the moment at which it no longer holds. @type {Map<number, Map<number, number>>} */
  #typing = new Map();
  /** @type {Map<number, number>} */
  #said = new Map();

  /** @param {number} room @param {number} user @param {number} now */
  heard(room, user, now) {
    const people = this.#typing.get(room) ?? new Map();
    people.set(user, now + HOLDS);
    this.#typing.set(room, people);
  }

  /** A message of theirs has come. @param {number} room @param {number} user */
  done(room, user) {
    return this.#typing.get(room)?.delete(user) ?? false;
  }

  /** @param {number} room @param {number} now @returns {number[]} */
  people(room, now) {
    const people = this.#typing.get(room);
    if (!people) return [];
    for (const [user, until] of people) if (until <= now) people.delete(user);
    return [...people.keys()];
  }

  /** Whether it is time to say again that one types. @param {number} room @param {number} now */
  shouldSay(room, now) {
    if (now - (this.#said.get(room) ?? -Infinity) < SAYS_EVERY) return false;
    this.#said.set(room, now);
    return true;
  }

  /** After a send the next letter is said at once. @param {number} room */
  sent(room) {
    this.#said.delete(room);
  }
}
