import { clone } from "./piece.js";

/** @import {User} from "../models/types.js" */

const SIZES = ["m", "s", "xs"];

/** Draws a person on a tile: their picture, or their initials on a glaze of their own. @param {HTMLElement} tile @param {User | null} user */
export function paintAvatar(tile, user) {
  const size = SIZES.find((name) => tile.classList.contains(`avatar--${name}`));
  const hash = scatter(user?.id ?? 0);
  tile.className = `avatar avatar--${(hash % 8) + 1} avatar--turn-${(hash >> 3) % 4}${size ? ` avatar--${size}` : ""}`;
  tile.replaceChildren();
  if (user?.avatar) {
    const picture = document.createElement("img");
    picture.src = user.avatar;
    picture.alt = "";
    tile.append(picture);
  } else {
    const letters = document.createElement("span");
    letters.textContent = initials(user?.name ?? "?", size === "s" || size === "xs");
    tile.append(letters);
  }
}

/** @param {User | null} user @param {"m" | "s" | "xs" | ""} size */
export function avatar(user, size) {
  const tile = clone("t-avatar");
  if (size) tile.classList.add(`avatar--${size}`);
  paintAvatar(tile, user);
  return tile;
}

/** A tile with the number of people of a conversation. @param {number} people */
export function groupAvatar(people) {
  const tile = clone("t-avatar");
  tile.classList.add("avatar--s", "avatar--many");
  const number = document.createElement("span");
  number.textContent = String(people);
  tile.append(number);
  return tile;
}

/** @param {string} name @param {boolean} one */
function initials(name, one) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 && !one ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** Neighbouring ids get tiles that differ. @param {number} id */
function scatter(id) {
  const mixed = Math.imul(id ^ (id >>> 15), 0x2c1b3c6d);
  return Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) >>> 8;
}
