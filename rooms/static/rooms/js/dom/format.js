import { COUNTED } from "../models/unread.js";
import { language, say } from "./texts.js";

// `undefined` keeps the reader's own conventions where they speak the page's language
const locale = navigator.languages.find((one) => one.startsWith(language)) ?? language;
const time = new Intl.DateTimeFormat(locale, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const dayThisYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
const dayOtherYear = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const names = new Intl.ListFormat(locale, { type: "conjunction" });

/** @param {string} at */
export const timeOf = (at) => time.format(new Date(at));

/** @param {string} at */
export const fullOf = (at) => full.format(new Date(at));

/** One name for each day in the reader's zone. @param {string | Date} at */
export function dayOf(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** @param {string} at */
export function dayName(at) {
  const now = new Date();
  const date = new Date(at);
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  const format = date.getFullYear() === now.getFullYear() ? dayThisYear : dayOtherYear;
  const day = format.format(date).replace(/^(\p{L}+), /u, "$1 "); // “Hoy, martes 9 de junio” needs one comma
  if (dayOf(date) === dayOf(now)) return say("today", { day });
  if (dayOf(date) === dayOf(yesterday)) return say("yesterday", { day });
  return day.charAt(0).toUpperCase() + day.slice(1);
}

/** “Ana, Bruno and Carla”. @param {string[]} all */
export const listOf = (all) => names.format(all);

/** A number of messages, of which no more than so many are counted. @param {number} number */
export const countOf = (number) => (number >= COUNTED ? say("many") : String(number));
