import { dialog } from "../dom/dialogs.js";
import { byId } from "../dom/piece.js";
import { say } from "../dom/texts.js";

/** @import {Act} from "../dom/menu.js" */
/** @import {Session} from "../live/session.js" */
/** @import {RoomForms} from "./room_forms.js" */

/** What one can do with the room that is here. @param {Session} session @param {RoomForms} forms @returns {Act[]} */
export function roomActs({ room, member, manages, entry }, forms) {
  if (!room) return [];
  if (!member) return [{ icon: "plus", name: say("join"), run: () => byId("composer-join").click() }];
  const muted = entry?.involvement === "nothing";
  /** @type {[boolean, Act][]} */
  const acts = [
    [manages, { icon: "pencil", name: say("rename"), run: () => forms.openChange() }],
    [manages, { icon: "person-plus", name: say("add_people"), run: () => forms.openPeople("add") }],
    [manages, { icon: "link", name: say("invite"), run: () => void forms.invite() }],
    [true, { icon: muted ? "bell" : "bell-off", name: say(muted ? "ring" : "mute_room"), run: () => void forms.toggleMuted() }],
    [manages, { icon: "archive", name: say(room.archived ? "unarchive" : "archive"), run: () => void forms.archive() }],
    [true, { icon: "leave", name: say("leave"), alarm: true, run: () => void forms.leave() }],
  ];
  return acts.filter(([possible]) => possible).map(([, act]) => act);
}

/** What one can do with oneself. @param {Session} session @returns {Act[]} */
export function ownActs({ moderator }) {
  const acts = [settings(), keys()];
  if (moderator) acts.push({ icon: "flag", name: say("moderation"), run: () => location.assign("/admin/") });
  acts.push({ icon: "leave", name: say("sign_out"), run: () => location.assign("/accounts/logout/") });
  return acts;
}

/** What the switcher offers by name. @param {Session} session @param {RoomForms} forms @returns {Act[]} */
export function commands({ store, reader }, forms) {
  const readAll = () => store.rooms.forEach((room) => reader.read(room.id, room.seq));
  return [
    { icon: "check", name: say("mark_all_read"), run: readAll },
    { icon: "plus", name: say("new_room"), run: () => forms.openNew() },
    { icon: "arch", name: say("browse"), run: () => forms.browse() },
    { icon: "people", name: say("new_direct"), run: () => forms.openPeople("direct") },
    settings(),
    keys(),
  ];
}

/** @returns {Act} */
function settings() {
  return { icon: "gear", name: say("settings"), run: () => location.assign("/settings/") };
}

/** @returns {Act} */
function keys() {
  return { icon: "keys", name: say("keys"), run: () => dialog("keys").showModal() };
}
