import assert from "node:assert/strict";
import { test } from "node:test";

import { TypingTracker } from "../../rooms/static/rooms/js/models/typing_tracker.js";

const PLAZA = 12;
const BRUNO = 4;
const CARLA = 5;

test("who types is named until five seconds pass without news", () => {
  const typing = new TypingTracker();
  typing.heard(PLAZA, BRUNO, 0);
  typing.heard(PLAZA, CARLA, 2_000);
  assert.deepEqual(typing.people(PLAZA, 4_999), [BRUNO, CARLA]);
  assert.deepEqual(typing.people(PLAZA, 5_000), [CARLA]);
  assert.deepEqual(typing.people(PLAZA, 7_000), []);
});

test("more letters hold it longer", () => {
  const typing = new TypingTracker();
  typing.heard(PLAZA, BRUNO, 0);
  typing.heard(PLAZA, BRUNO, 4_000);
  assert.deepEqual(typing.people(PLAZA, 8_000), [BRUNO]);
});

test("a message ends its author's typing", () => {
  const typing = new TypingTracker();
  typing.heard(PLAZA, BRUNO, 0);
  assert.equal(typing.done(PLAZA, BRUNO), true);
  assert.equal(typing.done(PLAZA, BRUNO), false);
  assert.deepEqual(typing.people(PLAZA, 1), []);
});

test("rooms do not mix", () => {
  const typing = new TypingTracker();
  typing.heard(PLAZA, BRUNO, 0);
  assert.deepEqual(typing.people(13, 1), []);
});

test("one's own typing is said at most every three seconds, and at once after a send", () => {
  const typing = new TypingTracker();
  assert.equal(typing.shouldSay(PLAZA, 0), true);
  assert.equal(typing.shouldSay(PLAZA, 2_999), false);
  assert.equal(typing.shouldSay(PLAZA, 3_000), true);
  typing.sent(PLAZA);
  assert.equal(typing.shouldSay(PLAZA, 3_100), true);
});
