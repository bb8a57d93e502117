import { QUICK } from "../models/emoji.js";
import { ask } from "../dom/dialogs.js";
import { openMenu } from "../dom/menu.js";
import { attempt, copy, notify } from "../dom/notice.js";
import { say } from "../dom/texts.js";
import { send } from "../live/api.js";
import { firstLine } from "./message_view.js";

/** @import {Act} from "../dom/menu.js" */
/** @import {Session} from "../live/session.js" */
/** @import {Message} from "../models/types.js" */

/**
 * All that one can do with a message.
 * @param {Element} anchor @param {Message} message @param {Session} session
 * @param {{edit: (message: Message) => void, unreadFrom: (message: Message) => void}} ways
 */
export function openMessageMenu(anchor, message, session, ways) {
  openMenu(anchor, actsFor(message, session, ways), {
    name: session.store.person(message.author)?.name ?? say("erased"),
    text: firstLine(message),
    emoji: session.writable ? QUICK : [],
    react: (emoji) => attempt(session.toggleReaction(message, emoji)),
  });
}

/**
 * @param {Message} message @param {Session} session
 * @param {{edit: (message: Message) => void, unreadFrom: (message: Message) => void}} ways @returns {Act[]}
 */
function actsFor(message, session, { edit, unreadFrom }) {
  const mine = message.author?.id === session.store.me.id;
  const address = new URL(`/rooms/${message.room}/?at=${message.seq}`, location.href).href;
  /** @type {[boolean, Act][]} */
  const acts = [
    [session.writable, { icon: "reply", name: say("reply"), run: () => session.replying.emit(message) }],
    [true, { icon: "copy", name: say("copy_text"), run: () => copy(message.body, say("copied")) }],
    [true, { icon: "link", name: say("copy_link"), run: () => copy(address, say("link_copied")) }],
    [mine && session.writable, { icon: "pencil", name: say("edit"), run: () => edit(message) }],
    [session.member, { icon: "eye", name: say("mark_unread"), run: () => unreadFrom(message) }],
    [!mine, { icon: "flag", name: say("report"), run: () => report(message) }],
    [mine, { icon: "trash", name: say("delete"), alarm: true, run: () => attempt(session.delete(message)) }],
    [!mine && session.moderator, { icon: "trash", name: say("remove"), alarm: true, run: () => remove(message) }],
  ];
  return acts.filter(([possible]) => possible).map(([, act]) => act);
}

/** @param {Message} message */
async function report(message) {
  const answer = await ask({ title: say("report_title"), text: say("report_text"), yes: say("report_yes"), quote: firstLine(message), reason: true });
  if (answer && (await attempt(send("POST", `/messages/${message.id}/report`, answer)))) notify(say("reported"));
}

/** @param {Message} message */
async function remove(message) {
  const answer = await ask({ title: say("remove_title"), text: say("remove_text"), yes: say("remove"), quote: firstLine(message), reason: true });
  if (answer) await attempt(send("POST", `/messages/${message.id}/remove`, answer));
}

/** Whether one's own message shall go, when its edit has left nothing of it. @param {Message} message */
export async function wantsDeleted(message) {
  return (await ask({ title: say("delete_title"), text: say("delete_text"), yes: say("delete"), quote: firstLine(message) })) !== null;
}
