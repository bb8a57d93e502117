import assert from "node:assert/strict";
import { test } from "node:test";

import { layOut } from "../../rooms/static/rooms/js/models/layout.js";

const ANA = 3;
const BRUNO = 4;

function message(seq, author, at, fields = {}) {
  return { id: seq, seq, key: `k${seq}`, author: author && { id: author }, created_at: `2026-11-${at}:00Z`, deleted: false, reply_to: null, ...fields };
}

const dayOf = (at) => at.slice(0, 10);
const lay = (messages, { drafts = [], newAfter = null } = {}) => layOut({ messages, drafts, me: ANA, newAfter, dayOf });
const grouped = (rows) => rows.filter((row) => row.type !== "day" && row.type !== "new").map((row) => row.grouped);
const kinds = (rows) => rows.map((row) => row.type);

test("one author's messages within five minutes are grouped", () => {
  const rows = lay([message(1, BRUNO, "24T10:00"), message(2, BRUNO, "24T10:05"), message(3, BRUNO, "24T10:11"), message(4, ANA, "24T10:11")]);
  assert.deepEqual(grouped(rows), [false, true, false, false]);
});

test("replies and tombstones begin anew", () => {
  const rows = lay([
    message(1, BRUNO, "24T10:00"), message(2, BRUNO, "24T10:01", { reply_to: 1 }),
    message(3, BRUNO, "24T10:02", { deleted: true }), message(4, BRUNO, "24T10:03"),
  ]);
  assert.deepEqual(grouped(rows), [false, false, false, false]);
});

test("erased authors are not grouped: nobody knows whether they are one", () => {
  assert.deepEqual(grouped(lay([message(1, null, "24T10:00"), message(2, null, "24T10:01")])), [false, false]);
});

test("days are separated, and no group crosses midnight", () => {
  const rows = lay([message(1, BRUNO, "23T23:59"), message(2, BRUNO, "24T00:01")]);
  assert.deepEqual(kinds(rows), ["day", "message", "day", "message"]);
  assert.deepEqual(grouped(rows), [false, false]);
});

test("the line of what is new stands once, before the first of others", () => {
  const rows = lay([message(1, BRUNO, "24T10:00"), message(2, ANA, "24T10:01"), message(3, BRUNO, "24T10:02"), message(4, BRUNO, "24T10:03")], { newAfter: 1 });
  assert.deepEqual(kinds(rows), ["day", "message", "message", "new", "message", "message"]);
});

test("a deleted message is nothing new", () => {
  assert.ok(!kinds(lay([message(1, BRUNO, "24T10:00", { deleted: true })], { newAfter: 0 })).includes("new"));
});

test("a draft stands at the end, and keeps its key when it becomes a message", () => {
  const draft = { key: "k2", room: 12, body: "hola", reply_to: null, created_at: "2026-11-24T10:01:00Z", order: 1, state: "waiting" };
  const before = lay([message(1, ANA, "24T10:00")], { drafts: [draft] });
  const after = lay([message(1, ANA, "24T10:00"), message(2, ANA, "24T10:01")], { drafts: [draft] });
  assert.deepEqual(kinds(before), ["day", "message", "draft"]);
  assert.deepEqual(kinds(after), ["day", "message", "message"]);
  assert.equal(before.at(-1).key, after.at(-1).key);
  assert.equal(before.at(-1).grouped, after.at(-1).grouped);
});
