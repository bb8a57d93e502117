import { get } from "./api.js";

/** @import {Session} from "./session.js" */

const EVERY = 3_000; // milliseconds

/** No events come from an open room that one only looks into: its changes are asked for while it is seen. @param {Session} session */
export function followVisited(session) {
  let asking = false;
  setInterval(async () => {
    if (asking || session.here === null || session.member || document.visibilityState !== "visible") return;
    asking = true;
    await catchUp(session, session.here).catch(() => {}); // then the next time
    asking = false;
  }, EVERY);
}

/** @param {Session} session @param {number} room */
async function catchUp({ store, visited }, room) {
  for (;;) {
    const cursor = store.timelines.get(room)?.cursor ?? null;
    if (cursor === null) return;
    const frame = await get(`/rooms/${room}/changes?after=${cursor}`);
    if (store.rooms.has(room) || frame.seq === cursor) return;
    visited.set(room, frame.state);
    store.apply(frame);
    if (frame.type === "room.reset" || frame.seq === frame.state.seq) return;
  }
}
