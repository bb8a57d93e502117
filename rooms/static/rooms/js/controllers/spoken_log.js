import { byId } from "../dom/piece.js";
import { say } from "../dom/texts.js";
import { firstLine } from "./message_view.js";

/** @import {Session} from "../live/session.js" */
/** @import {Message} from "../models/types.js" */

const NEW = 30_000; // milliseconds; what is older was missed, and is read, not heard
const KEPT = 10;

/** A screen reader hears each new message of the room that is here, once. @param {Session} session */
export function speakNews(session) {
  session.store.changed.subscribe((change) => {
    if (change.type === "message" && isNews(change.message, session)) speak(change.message, session);
  });
}

/** @param {Message} message @param {Session} session */
function isNews(message, { here, store }) {
  const fresh = message.changed_seq === message.seq && Date.now() - Date.parse(message.created_at) < NEW;
  return fresh && message.room === here && message.author?.id !== store.me.id && !message.deleted;
}

/** @param {Message} message @param {Session} session */
function speak(message, { store }) {
  const line = document.createElement("p");
  line.textContent = say("said", { name: store.person(message.author)?.name ?? say("erased"), text: firstLine(message) });
  const spoken = byId("spoken");
  spoken.append(line);
  if (spoken.children.length > KEPT) spoken.firstElementChild?.remove();
}
