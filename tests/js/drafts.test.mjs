import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "../../rooms/static/rooms/js/models/drafts.js";

const PLAZA = 12;
const KITCHEN = 13;
const ANA = 3;

function storage() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  };
}

test("a draft is kept across reloads", () => {
  const disk = storage();
  new Drafts(disk, ANA).set(PLAZA, { body: "Nos vemos", reply_to: 7 });
  assert.deepEqual(new Drafts(disk, ANA).get(PLAZA), { body: "Nos vemos", reply_to: 7 });
});

test("a draft never turns up in another room, nor with another person", () => {
  const disk = storage();
  new Drafts(disk, ANA).set(PLAZA, { body: "Nos vemos", reply_to: null });
  assert.equal(new Drafts(disk, ANA).get(KITCHEN).body, "");
  assert.equal(new Drafts(disk, 4).get(PLAZA).body, "");
});

test("an emptied draft leaves nothing behind", () => {
  const disk = storage();
  const drafts = new Drafts(disk, ANA);
  drafts.set(PLAZA, { body: "x", reply_to: null });
  drafts.set(PLAZA, { body: "", reply_to: null });
  assert.equal(disk.kept.size, 0);
});

test("the room list hears when a draft begins and ends, not of each letter", () => {
  const drafts = new Drafts(storage(), ANA);
  const heard = [];
  drafts.changed.subscribe((room) => heard.push(room));
  for (const body of ["a", "ab", "abc", ""]) drafts.set(PLAZA, { body, reply_to: null });
  assert.deepEqual(heard, [PLAZA, PLAZA]);
});

test("blanks alone are no draft", () => {
  const drafts = new Drafts(storage(), ANA);
  drafts.set(PLAZA, { body: "  \n", reply_to: null });
  assert.equal(drafts.has(PLAZA), false);
});

test("what another program left in the storage is no draft", () => {
  const disk = storage();
  const drafts = new Drafts(disk, ANA);
  drafts.set(PLAZA, { body: "x", reply_to: null });
  for (const text of ["{", "null", "[]", '{"body": 5}']) {
    disk.kept.set([...disk.kept.keys()][0], text);
    assert.deepEqual(drafts.get(PLAZA), { body: "", reply_to: null });
  }
});

test("a full storage does not stop the writing", () => {
  const full = { ...storage(), setItem: () => { throw new Error("QuotaExceededError"); } };
  new Drafts(full, ANA).set(PLAZA, { body: "x", reply_to: null });
});
