/** @import {Draft, Message} from "./types.js" */
/**
 * What stands in the log, from top to bottom. A message's `key` stays the same from its pending draft on.
 * @typedef {{type: "day", key: string, at: string}} Day
 * @typedef {{type: "new", key: string}} NewLine
 * @typedef {{type: "message", key: string, message: Message, grouped: boolean}} MessageRow
 * @typedef {{type: "draft", key: string, draft: Draft, grouped: boolean}} DraftRow
 * @typedef {Day | NewLine | MessageRow | DraftRow} Row
 */

const GROUPED = 5 * 60_000; // milliseconds between two messages of one author

/**
 * @param {{messages: Message[], drafts: Draft[], me: number, newAfter: number | null, dayOf: (at: string) => string}} what
 *   `newAfter`: where the reader left off, if there was something new
 * @returns {Row[]}
 */
export function layOut({ messages, drafts, me, newAfter, dayOf }) {
  /** @type {Row[]} */
  const rows = [];
  /** @type {{author: number | undefined, at: number} | null} */
  let before = null;
  let day = "";
  let drawn = false;

  /** @param {string} at */
  const separate = (at) => {
    const today = dayOf(at);
    if (today === day) return;
    rows.push({ type: "day", key: `day:${today}`, at });
    day = today;
    before = null;
  };

  for (const message of messages) {
    separate(message.created_at);
    const mine = message.author?.id === me;
    if (!drawn && newAfter !== null && message.seq > newAfter && !mine && !message.deleted) {
      rows.push({ type: "new", key: "new" });
      drawn = true;
      before = null;
    }
    const at = Date.parse(message.created_at);
    const grouped = groups(before, message.author?.id, at) && !message.deleted && !message.reply_to;
    rows.push({ type: "message", key: mine ? message.key : `m${message.id}`, message, grouped });
    before = message.deleted ? null : { author: message.author?.id, at };
  }
  const known = new Set(messages.map((message) => message.key));
  for (const draft of drafts) {
    if (known.has(draft.key)) continue;
    separate(draft.created_at);
    const at = Date.parse(draft.created_at);
    const grouped = groups(before, me, at) && !draft.reply_to;
    rows.push({ type: "draft", key: draft.key, draft, grouped });
    before = { author: me, at };
  }
  return rows;
}

/** @param {{author: number | undefined, at: number} | null} before @param {number | undefined} author @param {number} at */
function groups(before, author, at) {
  return before !== null && author !== undefined && before.author === author && at - before.at <= GROUPED;
}
