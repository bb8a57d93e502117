import { byId } from "./piece.js";

const QUIET = 400; // milliseconds without a word

/** Says that something is being waited for, once that takes long. @template T @param {string} id of the sentence @param {Promise<T>} work */
export async function withWord(id, work) {
  const timer = setTimeout(() => (byId(id).hidden = false), QUIET);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    byId(id).hidden = true;
  }
}
