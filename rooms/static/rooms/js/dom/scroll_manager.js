const NEAR = 100; // pixels from the end within which the view follows it

/** Everything that moves the log's view goes through one queue, and what is being read stays where it is. */
export class ScrollManager {
  /** Whether the last message of the room is in the log. */
  complete = true;
  #box;
  #content;
  /** @type {(() => void)[]} */
  #queue = [];
  #running = false;
  #following = true;
  /** Where the view was when its rows were remembered. */
  #top = 0;
  /** Rows that were in view, with the place of each: the first that is still there is held. @type {{row: Element, top: number}[]} */
  #seen = [];

  /** @param {HTMLElement} box @param {HTMLElement} content its children are the rows */
  constructor(box, content) {
    this.#box = box;
    this.#content = content;
    box.addEventListener("scroll", () => this.#remember(), { passive: true });
    const observer = new ResizeObserver(() => this.keep(() => {}));
    observer.observe(box);
    observer.observe(content);
  }

  get atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#box;
    return this.complete && scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  /** Change the content; the row under the eye does not move. @param {() => void} change */
  keep(change) {
    this.#write(() => {
      change();
      if (this.#following && this.complete) this.#box.scrollTop = this.#box.scrollHeight;
      else this.#putBack();
    });
  }

  toEnd() {
    this.#write(() => {
      this.#box.scrollTop = this.#box.scrollHeight;
    });
  }

  /** @param {Element} row @param {number} share of the height of the view that stays above the row's middle */
  to(row, share) {
    this.#write(() => {
      const view = this.#box.getBoundingClientRect();
      const place = row.getBoundingClientRect();
      const middle = place.top + Math.min(place.height, view.height) / 2;
      this.#box.scrollTop += middle - (view.top + view.height * share);
    });
  }

  /** Just enough that the whole row is in view. @param {Element} row */
  show(row) {
    this.#write(() => {
      const view = this.#box.getBoundingClientRect();
      const place = row.getBoundingClientRect();
      if (place.top < view.top + 24) this.#box.scrollTop -= view.top + 24 - place.top;
      else if (place.bottom > view.bottom) this.#box.scrollTop += place.bottom - view.bottom;
    });
  }

  /** @param {number} pages */
  by(pages) {
    this.#write(() => {
      this.#box.scrollTop += this.#box.clientHeight * pages;
    });
  }

  /** @param {() => void} task */
  #write(task) {
    this.#queue.push(task);
    if (this.#running) return;
    // The reader has scrolled, and the event that says so comes only with the next frame
    if (this.#box.scrollTop !== this.#top) this.#remember();
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next();
    } finally {
      this.#running = false;
      this.#remember();
    }
  }

  #putBack() {
    const held = this.#seen.find(({ row }) => row.isConnected);
    if (held) this.#box.scrollTop += held.row.getBoundingClientRect().top - held.top;
  }

  #remember() {
    if (this.#running) return;
    this.#following = this.atEnd;
    this.#top = this.#box.scrollTop;
    const view = this.#box.getBoundingClientRect();
    this.#seen = [];
    const rows = this.#content.children;
    for (let at = firstBelow(rows, view.top); at < rows.length; at += 1) {
      const top = rows[at].getBoundingClientRect().top;
      if (top > view.bottom) break;
      if (!isSeparator(rows[at])) this.#seen.push({ row: rows[at], top });
    }
    // The first row of all may lose its head to a page that comes before it: rather hold the next one
    if (this.#seen.length > 1 && isFirst(this.#seen[0].row)) this.#seen.push(...this.#seen.splice(0, 1));
  }
}

/** A day's line goes up with the first message of its day. @param {Element} row */
function isSeparator(row) {
  return row.getAttribute("role") === "separator";
}

/** @param {Element} row */
function isFirst(row) {
  let before = row.previousElementSibling;
  while (before && isSeparator(before)) before = before.previousElementSibling;
  return before === null;
}

/** The first of the rows that ends below `top`. @param {HTMLCollection} rows @param {number} top */
function firstBelow(rows, top) {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return low;
}
