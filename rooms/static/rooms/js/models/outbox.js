import { Signal } from "./signal.js";

/** @import {Draft, Message} from "./types.js" */
/**
 * @typedef {{all(): Promise<Draft[]>, put(draft: Draft): Promise<void>, remove(key: string): Promise<void>}} OutboxStorage
 * @typedef {(draft: Draft) => Promise<{message: Message}>} Send rejects with a code, and `detail` or `retry_after`
 * @typedef {<T>(work: () => Promise<T>) => Promise<T>} Exclusively runs the work in one tab at a time
 * @typedef {{code: string, detail?: string, retry_after?: number}} Refusal
 */

const UNAVAILABLE_TRIES = 4;

/** What was written and is not yet kept by the server: it leaves in order, from one tab at a time. */
export class Outbox {
  /** @type {Signal<{room: number, message?: Message}>} */
  changed = new Signal();
  /** @type {Map<string, Draft>} */
  #drafts = new Map();
  /** Keys that the storage is known to hold, so that one sent by another tab is told from one not stored yet. @type {Set<string>} */
  #stored = new Set();
  #storage;
  #send;
  #exclusively;
  #pause;
  #sending = false;
  #again = false;

  /**
   * @param {{storage: OutboxStorage, send: Send, exclusively: Exclusively, pause: (ms: number) => Promise<void>}} parts
   */
  constructor({ storage, send, exclusively, pause }) {
    this.#storage = storage;
    this.#send = send;
    this.#exclusively = exclusively;
    this.#pause = pause;
  }

  /** @param {number} room @returns {Draft[]} in the order of writing */
  of(room) {
    return this.all().filter((draft) => draft.room === room);
  }

  all() {
    return [...this.#drafts.values()].sort((a, b) => a.order - b.order);
  }

  get waiting() {
    return this.all().filter((draft) => draft.state === "waiting").length;
  }

  /** Another tab may have added, sent or discarded some. */
  async reload() {
    const before = this.all();
    await this.#read();
    const rooms = new Set([...before, ...this.all()].map((draft) => draft.room));
    for (const room of rooms) this.changed.emit({ room });
  }

  /** @param {Omit<Draft, "state" | "reason">} written */
  async add(written) {
    /** @type {Draft} */
    const draft = { ...written, state: "waiting", reason: "" };
    this.#drafts.set(draft.key, draft);
    this.changed.emit({ room: draft.room });
    await this.#store(draft);
    await this.drain();
  }

  /** @param {string} key */
  async retry(key) {
    const draft = this.#drafts.get(key);
    if (!draft) return;
    await this.#keep({ ...draft, state: "waiting", reason: "" });
    await this.drain();
  }

  /** @param {string} key */
  async discard(key) {
    await this.#remove(key);
  }

  /** The message itself has come: its draft is done. @param {Message} message */
  async confirm(message) {
    if (this.#drafts.has(message.key)) await this.#remove(message.key, message);
  }

  /** Sends what waits, until nothing does or the connection is gone. */
  async drain() {
    if (this.#sending) {
      this.#again = true;
      return;
    }
    this.#sending = true;
    try {
      do {
        this.#again = false;
        await this.#exclusively(() => this.#sendAll());
      } while (this.#again);
    } finally {
      this.#sending = false;
    }
  }

  async #sendAll() {
    await this.#read();
    for (let draft = this.#next(); draft; draft = this.#next()) {
      if (!(await this.#sendOne(draft))) return;
    }
  }

  /** Those of other tabs join ours; those that another tab has sent or discarded go. @param {Draft[]} kept */
  #takeIn(kept) {
    const keys = new Set(kept.map((draft) => draft.key));
    for (const key of this.#stored) if (!keys.has(key)) this.#drafts.delete(key);
    for (const draft of kept) this.#drafts.set(draft.key, draft);
    this.#stored = keys;
  }

  #next() {
    return this.all().find((draft) => draft.state === "waiting");
  }

  /** Says whether to go on with the next. @param {Draft} draft */
  async #sendOne(draft) {
    for (let tries = 1; ; tries += 1) {
      try {
        const { message } = await this.#send(draft);
        await this.#remove(draft.key, message);
        return true;
      } catch (error) {
        const refusal = /** @type {Refusal} */ (error);
        if (refusal.code === "lost") return false;
        const wait = waitBefore(refusal, tries);
        if (wait === null) {
          if (this.#drafts.has(draft.key)) await this.#keep({ ...draft, state: "failed", reason: refusal.detail ?? "" });
          return true;
        }
        await this.#pause(wait);
        if (!this.#drafts.has(draft.key)) return true;
      }
    }
  }

  /** @param {Draft} draft */
  async #keep(draft) {
    this.#drafts.set(draft.key, draft);
    this.changed.emit({ room: draft.room });
    await this.#store(draft);
  }

  /** @param {string} key @param {Message} [message] */
  async #remove(key, message) {
    const draft = this.#drafts.get(key);
    this.#drafts.delete(key);
    if (draft) this.changed.emit({ room: draft.room, message });
    this.#stored.delete(key);
    await this.#storage.remove(key).catch(() => {});
  }

  /** A full or broken disk costs a draft its survival, not its sending. @param {Draft} draft */
  async #store(draft) {
    try {
      await this.#storage.put(draft);
      this.#stored.add(draft.key);
    } catch {
      this.#stored.delete(draft.key);
    }
  }

  /** What the storage holds joins what is here. */
  async #read() {
    try {
      this.#takeIn(await this.#storage.all());
    } catch {
      // What is in memory still leaves
    }
  }
}

/** How long to wait before the same again; null where it would fail again. @param {Refusal} refusal @param {number} tries */
function waitBefore(refusal, tries) {
  if (refusal.code === "too_fast") return (refusal.retry_after ?? 1) * 1_000;
  if (refusal.code === "unavailable" && tries < UNAVAILABLE_TRIES) return 1_000 * tries;
  return null;
}
