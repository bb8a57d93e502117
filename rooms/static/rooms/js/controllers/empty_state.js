import { byId, clone, slot } from "../dom/piece.js";
import { say } from "../dom/texts.js";

/** @import {Session} from "../live/session.js" */
/** @typedef {[icon: string, label: string, act: string, note: string]} Step */

/** @type {Step[]} */
const NOWHERE = [
  ["arch", "browse", "browse", "browse_note"],
  ["people", "new_direct", "new-direct", "new_direct_note"],
];
/** @type {Step[]} */
const IN_MY_ROOM = [
  ["people", "add_people", "add-people", "add_people_note"],
  ["pencil", "write_topic", "rename", "write_topic_note"],
  ["link", "invite", "invite", "invite_note"],
];

/** Where nothing has been said: what to do next. @param {Session} session */
export function paintEmpty(session) {
  const { room, member, manages } = session;
  byId("empty").hidden = false;
  if (!room) paint(say("no_room"), say("no_room_text"), NOWHERE);
  else if (room.kind === "direct") paint(say("empty_direct", { room: session.nameOf(room) }), say("empty_direct_text"), []);
  else paint(say("empty_room", { room: room.name }), say("empty_room_text"), manages && member ? IN_MY_ROOM : []);
}

/** @param {string} title @param {string} text @param {Step[]} steps */
function paint(title, text, steps) {
  byId("empty-title").textContent = title;
  byId("empty-text").textContent = text;
  byId("empty-next").hidden = steps.length === 0;
  byId("empty-next").replaceChildren(
    ...steps.map(([icon, label, act, note]) => {
      const button = clone("t-next");
      button.dataset.act = act;
      slot(button, "icon").setAttribute("href", `#i-${icon}`);
      slot(button, "name").textContent = say(label);
      slot(button, "note").textContent = say(note);
      return button;
    }),
  );
}
