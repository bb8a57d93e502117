/** @import {Draft} from "../models/types.js" */
/** @import {OutboxStorage} from "../models/outbox.js" */

/** The outbox in IndexedDB; where there is none, in memory. @param {number} user @returns {OutboxStorage} */
export function outboxStorage(user) {
  const opening = open(`plaza:outbox:${user}`);
  /** @type {Map<string, Draft>} */
  const memory = new Map();
  return {
    async all() {
      const store = await objects(opening, "readonly");
      return store ? done(store.getAll()) : [...memory.values()];
    },
    async put(draft) {
      const store = await objects(opening, "readwrite");
      if (store) await done(store.put(draft));
      else memory.set(draft.key, draft);
    },
    async remove(key) {
      const store = await objects(opening, "readwrite");
      if (store) await done(store.delete(key));
      else memory.delete(key);
    },
  };
}

/** @param {string} name @returns {Promise<IDBDatabase | null>} */
function open(name) {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("drafts", { keyPath: "key" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

/** @param {Promise<IDBDatabase | null>} opening @param {IDBTransactionMode} mode */
async function objects(opening, mode) {
  const database = await opening;
  return database?.transaction("drafts", mode).objectStore("drafts") ?? null;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
