import assert from "node:assert/strict";
import { test } from "node:test";

import { KEPT, Timeline } from "../../rooms/static/rooms/js/models/timeline.js";

const message = (seq, fields = {}) => ({ id: seq, seq, changed_seq: seq, ...fields });
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => message(from + at));
const paged = (from, to, has_before = true, has_after = false) => ({ messages: range(from, to), has_before, has_after });

function holding(from, to, has_after = false) {
  const timeline = new Timeline();
  timeline.replace(paged(from, to, true, has_after));
  return timeline;
}

const ends = (timeline) => [timeline.first, timeline.last, timeline.messages.length];

test("older and newer pages join what is held", () => {
  const timeline = holding(100, 149, true);
  timeline.prepend(paged(50, 99));
  timeline.append(paged(150, 199));
  assert.deepEqual(ends(timeline), [50, 199, 150]);
  assert.equal(timeline.hasAfter, false);
});

test("a page that overlaps doubles nothing, and the newer state stays", () => {
  const timeline = holding(100, 149);
  timeline.apply(message(100, { changed_seq: 400, body: "edited" }));
  timeline.prepend(paged(60, 105));
  assert.deepEqual(ends(timeline), [60, 149, 90]);
  assert.equal(timeline.find(100).body, "edited");
});

test("reading back, the newest go; reading on, the oldest", () => {
  const timeline = holding(1_000, 1_249);
  timeline.following = false;
  timeline.prepend(paged(900, 999));
  assert.deepEqual(ends(timeline), [900, 899 + KEPT, KEPT]);
  assert.equal(timeline.hasAfter, true);
  timeline.append(paged(1_200, 1_249));
  assert.deepEqual(ends(timeline), [950, 1_249, KEPT]);
  assert.equal(timeline.hasBefore, true);
});

test("a new message does not enter where the end is not held", () => {
  const timeline = holding(100, 149, true);
  assert.equal(timeline.apply(message(300)), false);
  assert.equal(timeline.last, 149);
});

test("who follows the end lets the beginning go", () => {
  const timeline = holding(1, KEPT);
  timeline.apply(message(KEPT + 1));
  assert.deepEqual(ends(timeline), [2, KEPT + 1, KEPT]);
  assert.equal(timeline.hasBefore, true);
});

test("whoever reads above keeps their place: the end goes instead", () => {
  const timeline = holding(1, KEPT);
  timeline.following = false;
  timeline.apply(message(KEPT + 1));
  assert.deepEqual(ends(timeline), [1, KEPT, KEPT]);
  assert.equal(timeline.hasAfter, true);
});

test("messages stand in order of seq, whichever way they come", () => {
  const timeline = new Timeline();
  timeline.replace({ messages: [], has_before: false, has_after: false });
  for (const seq of [5, 3, 9, 7]) timeline.apply(message(seq));
  assert.deepEqual(timeline.messages.map((one) => one.seq), [3, 5, 7, 9]);
});
