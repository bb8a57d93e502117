import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../rooms/static/rooms/js/models/store.js";

const ANA = { id: 3, name: "Ana", username: "ana", avatar: null };
const BRUNO = { id: 4, name: "Bruno", username: "bruno", avatar: null };
const PLAZA = 12;
const KITCHEN = 13;

function entry(id = PLAZA, fields = {}) {
  return {
    id, kind: "open", name: `Room ${id}`, slug: "r", topic: "", archived: false, seq: 10, first_seq: 1, member_count: 2,
    members: null, read_seq: 10, unread: 0, mentions: 0, involvement: "everything", ...fields,
  };
}

function message(seq, fields = {}) {
  return {
    id: 100 + seq, room: PLAZA, seq, changed_seq: seq, key: `k${seq}`, author: BRUNO, body: "hola", html: "<p>hola</p>",
    created_at: "2026-11-24T10:00:00Z", edited_at: null, deleted: false, reply_to: null, mentions: [], reactions: [], ...fields,
  };
}

const created = (one) => ({ type: "message.created", room: one.room, seq: one.changed_seq, message: one });
const updated = (one) => ({ type: "message.updated", room: one.room, seq: one.changed_seq, message: one });

/** Ana's page, with Plaza's latest messages 6 to 10 loaded, and time that stands still long after counting. */
function page({ entries = [entry()], loaded = true } = {}) {
  let now = 0;
  const store = new Store({ me: ANA, epoch: "e1", entries, now: () => now });
  now = 60_000;
  if (loaded) {
    const messages = [6, 7, 8, 9, 10].map((seq) => message(seq));
    store.addPage(PLAZA, { messages, seq: 10, epoch: "e1", has_before: true, has_after: false }, "replace", 10);
  }
  const heard = [];
  store.changed.subscribe((change) => heard.push(change));
  return { store, heard, tick: (ms) => (now += ms) };
}

const seqs = (store) => store.timeline(PLAZA).messages.map((one) => one.seq);

test("events move the cursor one by one", () => {
  const { store } = page();
  store.apply(created(message(11)));
  store.apply(created(message(12)));
  assert.deepEqual(store.cursors(), { [PLAZA]: 12 });
  assert.deepEqual(seqs(store).at(-1), 12);
});

test("a gap is shown but does not move the cursor, so that the resume fills it", () => {
  const { store } = page();
  store.apply(created(message(13)));
  assert.deepEqual(store.cursors(), { [PLAZA]: 10 });
  store.apply({ type: "room.changes", room: PLAZA, after: 10, seq: 13, state: entry(), messages: [message(11), message(12), message(13)] });
  assert.deepEqual(store.cursors(), { [PLAZA]: 13 });
  assert.deepEqual(seqs(store), [6, 7, 8, 9, 10, 11, 12, 13]);
});

test("until the resume is answered, live events leave the cursor where it was", () => {
  const { store } = page();
  store.apply(created(message(11)), false);
  assert.deepEqual(store.cursors(), { [PLAZA]: 10 });
});

test("changes that begin after the cursor do not move it", () => {
  const { store } = page();
  store.apply({ type: "room.changes", room: PLAZA, after: 12, seq: 14, state: entry(), messages: [] });
  assert.deepEqual(store.cursors(), { [PLAZA]: 10 });
});

test("the same event twice counts once", () => {
  const { store } = page();
  store.apply(created(message(11)));
  store.apply(created(message(11)));
  assert.equal(store.room(PLAZA).unread, 1);
  assert.deepEqual(seqs(store), [6, 7, 8, 9, 10, 11]);
});

test("an older state never replaces a newer one", () => {
  const { store } = page();
  store.apply(updated(message(8, { changed_seq: 12, body: "second" })), false);
  store.apply(updated(message(8, { changed_seq: 11, body: "first" })), false);
  assert.equal(store.timeline(PLAZA).find(108).body, "second");
});

test("a change of a message outside of what is held is passed over", () => {
  const { store } = page();
  store.apply(updated(message(2, { changed_seq: 11 })));
  assert.deepEqual(seqs(store), [6, 7, 8, 9, 10]);
  assert.deepEqual(store.cursors(), { [PLAZA]: 11 });
});

test("others' messages count, mentions too; one's own send reads the room", () => {
  const { store } = page();
  store.apply(created(message(11)));
  store.apply(created(message(12, { mentions: [ANA.id] })));
  assert.deepEqual([store.room(PLAZA).unread, store.room(PLAZA).mentions], [2, 1]);
  store.apply(created(message(13, { author: ANA })));
  assert.deepEqual([store.room(PLAZA).unread, store.room(PLAZA).mentions, store.room(PLAZA).read_seq], [0, 0, 13]);
});

test("what an edit or a deletion does to the counts, the server is asked", () => {
  const { store, heard } = page();
  store.apply(created(message(11)));
  store.apply(updated(message(11, { changed_seq: 12, deleted: true })));
  assert.ok(heard.some((change) => change.type === "recount" && change.room === PLAZA));
});

test("reading here counts what is left by the protocol's definition", () => {
  const { store } = page();
  store.apply(created(message(11)));
  store.apply(created(message(12, { mentions: [ANA.id] })));
  store.apply(created(message(13)));
  store.readLocally(PLAZA, 11);
  assert.deepEqual([store.room(PLAZA).unread, store.room(PLAZA).mentions], [2, 1]);
  store.readLocally(PLAZA, 5);
  assert.equal(store.room(PLAZA).read_seq, 11);
});

test("counting stops at a thousand", () => {
  const { store } = page({ entries: [entry(PLAZA, { unread: 1_000 })] });
  store.apply(created(message(11)));
  assert.equal(store.room(PLAZA).unread, 1_000);
});

test("another epoch drops what was held", () => {
  const { store, heard } = page();
  store.apply({ type: "welcome", epoch: "e2", user: ANA, rooms: [entry()] });
  assert.deepEqual(store.cursors(), {});
  assert.ok(heard.some((change) => change.type === "epoch"));
  assert.equal(store.epoch, "e2");
});

test("a room lost while away is gone once the whole list has come", () => {
  const { store, heard } = page({ entries: [entry(), entry(KITCHEN)] });
  store.apply({ type: "welcome", epoch: "e1", user: ANA, rooms: [entry(KITCHEN)] });
  store.listed();
  assert.equal(store.room(PLAZA), undefined);
  assert.ok(heard.some((change) => change.type === "left" && change.room === PLAZA));
});

test("a room that comes with the list's second frame was never gone", () => {
  const { store, heard } = page({ entries: [entry(), entry(KITCHEN)] });
  store.apply({ type: "welcome", epoch: "e1", user: ANA, rooms: [entry(KITCHEN)] });
  store.apply({ type: "rooms.more", rooms: [entry()] });
  store.listed();
  assert.ok(store.room(PLAZA));
  assert.deepEqual(store.cursors(), { [PLAZA]: 10 });
  assert.ok(!heard.some((change) => change.type === "left"));
});

test("a room joined between the list and its end stays", () => {
  const { store } = page();
  store.apply({ type: "welcome", epoch: "e1", user: ANA, rooms: [entry()] });
  store.apply({ type: "room.joined", room: KITCHEN, state: entry(KITCHEN) });
  store.listed();
  assert.ok(store.room(KITCHEN));
});

test("a reset empties the room and asks for its latest page", () => {
  const { store, heard } = page();
  store.apply({ type: "room.reset", room: PLAZA, seq: 900, state: entry(PLAZA, { seq: 900 }) });
  assert.deepEqual(store.cursors(), {});
  assert.ok(heard.some((change) => change.type === "reset" && change.room === PLAZA));
});

test("a pruned room loses what no longer exists", () => {
  const { store } = page();
  store.apply({ type: "room.updated", room: PLAZA, seq: 11, state: entry(PLAZA, { seq: 11, first_seq: 9 }) });
  assert.deepEqual(seqs(store), [9, 10]);
  assert.equal(store.timeline(PLAZA).hasBefore, false);
});

test("who was erased is nobody from then on, whatever older payloads say", () => {
  const { store } = page();
  store.apply({ type: "user.updated", user: { ...BRUNO, erased: true } });
  store.apply(created(message(11)));
  assert.equal(store.person(BRUNO), null);
});

test("a person's newest name is that of the latest payload", () => {
  const { store } = page();
  store.apply({ type: "user.updated", user: { ...BRUNO, name: "Bruno M." } });
  assert.equal(store.person(BRUNO).name, "Bruno M.");
});

test("the first presence after a welcome is all who are here", () => {
  const { store } = page();
  store.apply({ type: "presence", online: [4, 5] });
  store.apply({ type: "welcome", epoch: "e1", user: ANA, rooms: [entry()] });
  store.apply({ type: "presence", online: [5, 6] });
  store.apply({ type: "presence", online: [7], offline: [5] });
  assert.deepEqual([...store.people.online].sort(), [6, 7]);
});

test("the messages of others end their typing", () => {
  const { store } = page();
  store.apply({ type: "typing", room: PLAZA, user: BRUNO });
  assert.deepEqual(store.typing.people(PLAZA, 60_000), [BRUNO.id]);
  store.apply(created(message(11)));
  assert.deepEqual(store.typing.people(PLAZA, 60_000), []);
});

test("what is heard before the first page comes is not lost to it", () => {
  const { store } = page({ loaded: false });
  store.timeline(PLAZA);
  store.apply(created(message(11)));
  const messages = [9, 10].map((seq) => message(seq));
  store.addPage(PLAZA, { messages, seq: 10, epoch: "e1", has_before: true, has_after: false }, "replace", 10);
  assert.deepEqual(seqs(store), [9, 10, 11]);
  assert.deepEqual(store.cursors(), { [PLAZA]: 11 });
});

test("what is said while a room's first page is on its way stands in it", () => {
  const { store } = page({ entries: [entry(), entry(KITCHEN)] });
  store.live = true;
  const heardSince = store.expectPage(KITCHEN);
  store.apply(created(message(11, { room: KITCHEN })));
  const behind = store.addPage(KITCHEN, { messages: [], seq: 10, epoch: "e1", has_before: false, has_after: false }, "replace", heardSince);
  assert.deepEqual([behind, store.timeline(KITCHEN).cursor], [false, 11]);
  assert.deepEqual(store.timeline(KITCHEN).messages.map((one) => one.seq), [11]);
});

test("a room that was muted in another tab is muted here", () => {
  const { store, heard } = page();
  store.apply({ type: "room.involvement", room: PLAZA, involvement: "nothing" });
  assert.equal(store.room(PLAZA).involvement, "nothing");
  assert.deepEqual(heard, [{ type: "rooms" }]);
  store.apply({ type: "room.involvement", room: KITCHEN, involvement: "nothing" });
  assert.equal(store.room(KITCHEN), undefined);
});

test("rooms stand by name, their numbers in the order of counting", () => {
  const names = ["sala 10", "Sala 2", "árbol", "sala 1", "banco"];
  const { store } = page({ entries: names.map((name, at) => entry(at + 1, { name })), loaded: false });
  assert.deepEqual(store.sorted().rooms.map((room) => room.name), ["árbol", "banco", "sala 1", "Sala 2", "sala 10"]);
});
