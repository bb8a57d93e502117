const BASE = 1_000;
const FIRST_LIMIT = 4_000; // between the first five tries
const LATER_LIMIT = 30_000;

/** How long to wait before the next try: full jitter. */
export class Backoff {
  #tries = 0;
  #random;

  /** @param {() => number} [random] */
  constructor(random = Math.random) {
    this.#random = random;
  }

  get tries() {
    return this.#tries;
  }

  next() {
    const early = this.#tries < 5;
    const grown = early ? BASE * 2 ** this.#tries : FIRST_LIMIT * 2 ** (this.#tries - 4);
    const wait = this.#random() * Math.min(grown, early ? FIRST_LIMIT : LATER_LIMIT);
    this.#tries += 1;
    return wait;
  }

  reset() {
    this.#tries = 0;
  }
}
