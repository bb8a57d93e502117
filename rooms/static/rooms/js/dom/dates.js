import { say } from "./texts.js";

const language = document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
const whole = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const DAY = 86_400_000;

/** The calendar day in the reader's zone. @param {string} at */
export function dayOf(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** “Today, Tuesday 9 June”. @param {string} at */
export function dayName(at) {
  const now = new Date();
  const date = new Date(at);
  const day = (date.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(date);
  if (dayOf(at) === dayOf(now.toISOString())) return say("today", { day });
  if (dayOf(at) === dayOf(new Date(now.getTime() - DAY).toISOString())) return say("yesterday", { day });
  return day.charAt(0).toLocaleUpperCase(language) + day.slice(1);
}

/** @param {HTMLElement} time @param {string} at */
export function fillTime(time, at) {
  const date = new Date(at);
  time.setAttribute("datetime", at);
  time.title = whole.format(date);
  time.textContent = clock.format(date);
}
