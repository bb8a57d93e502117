import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../rooms/static/rooms/js/models/outbox.js";

const PLAZA = 12;
const LOST = { code: "lost" };

/** A storage and a lock as two tabs of one browser share them. */
function browser() {
  const kept = new Map();
  let turn = Promise.resolve();
  return {
    kept,
    storage: {
      all: async () => [...kept.values()],
      put: async (draft) => void kept.set(draft.key, draft),
      remove: async (key) => void kept.delete(key),
    },
    exclusively: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

/** `answers`: for each try a refusal, or nothing when the server takes it. */
function tab({ storage, exclusively } = browser(), answers = []) {
  const sent = [];
  const pauses = [];
  const outbox = new Outbox({
    storage,
    exclusively,
    send: async (draft) => {
      sent.push(draft.body);
      const answer = answers.shift();
      if (answer) throw answer;
      return { message: { key: draft.key, body: draft.body } };
    },
    pause: async (ms) => void pauses.push(ms),
  });
  return { outbox, sent, pauses };
}

let order = 0;
function written(body, room = PLAZA) {
  order += 1;
  return { key: `key-${order}`, room, body, reply_to: null, created_at: "2026-11-24T10:00:00Z", order };
}

test("what the server takes leaves the outbox and the storage", async () => {
  const one = browser();
  const { outbox, sent } = tab(one);
  await outbox.add(written("hola"));
  assert.deepEqual(sent, ["hola"]);
  assert.deepEqual(outbox.all(), []);
  assert.equal(one.kept.size, 0);
});

test("a message stands at once, before anything is awaited", () => {
  const { outbox } = tab();
  const heard = [];
  outbox.changed.subscribe((change) => heard.push(change.room));
  outbox.add(written("hola"));
  assert.deepEqual(outbox.of(PLAZA).map((draft) => draft.body), ["hola"]);
  assert.deepEqual(heard, [PLAZA]);
});

test("without a connection everything waits, and leaves in order when it is back", async () => {
  const { outbox, sent } = tab(browser(), [LOST, LOST]);
  await outbox.add(written("uno"));
  await outbox.add(written("dos"));
  assert.equal(outbox.waiting, 2);
  sent.length = 0;
  await outbox.drain();
  assert.deepEqual(sent, ["uno", "dos"]);
  assert.equal(outbox.waiting, 0);
});

test("what waits survives a reload", async () => {
  const one = browser();
  await tab(one, [LOST]).outbox.add(written("uno"));
  const later = tab(one);
  await later.outbox.reload();
  assert.deepEqual(later.outbox.of(PLAZA).map((draft) => draft.body), ["uno"]);
  await later.outbox.drain();
  assert.deepEqual(later.sent, ["uno"]);
});

test("a refusal keeps the message, says why, and lets the next one go", async () => {
  const { outbox, sent } = tab(browser(), [{ code: "muted", detail: "You are muted." }]);
  await outbox.add(written("uno"));
  await outbox.add(written("dos"));
  assert.deepEqual(sent, ["uno", "dos"]);
  assert.deepEqual(outbox.all().map(({ body, state, reason }) => ({ body, state, reason })), [
    { body: "uno", state: "failed", reason: "You are muted." },
  ]);
});

test("a retry carries the same key", async () => {
  const one = browser();
  const keys = [];
  const outbox = new Outbox({
    ...one,
    pause: async () => {},
    send: async (draft) => {
      keys.push(draft.key);
      if (keys.length === 1) throw { code: "internal", detail: "" };
      return { message: { key: draft.key } };
    },
  });
  await outbox.add(written("uno"));
  await outbox.retry(keys[0]);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.deepEqual(outbox.all(), []);
});

test("too fast is waited for as long as the server says, and never fails", async () => {
  const { outbox, sent, pauses } = tab(browser(), Array.from({ length: 6 }, () => ({ code: "too_fast", retry_after: 1.5 })));
  await outbox.add(written("uno"));
  assert.equal(sent.length, 7);
  assert.deepEqual(new Set(pauses), new Set([1_500]));
  assert.deepEqual(outbox.all(), []);
});

test("an unavailable server is tried again, then the person is asked", async () => {
  const { outbox, sent } = tab(browser(), Array.from({ length: 4 }, () => ({ code: "unavailable", detail: "Later." })));
  await outbox.add(written("uno"));
  assert.equal(sent.length, 4);
  assert.equal(outbox.all()[0].state, "failed");
});

test("discarding a failed message is for good, on the disk too", async () => {
  const one = browser();
  const { outbox } = tab(one, [{ code: "archived", detail: "" }]);
  await outbox.add(written("uno"));
  await outbox.discard(outbox.all()[0].key);
  assert.deepEqual(outbox.all(), []);
  assert.equal(one.kept.size, 0);
});

test("what is discarded while it waits for its next try is not sent", async () => {
  const sent = [];
  const one = browser();
  const outbox = new Outbox({
    ...one,
    pause: async () => {
      for (const draft of outbox.all()) await outbox.discard(draft.key);
    },
    send: async (draft) => {
      sent.push(draft.body);
      throw { code: "too_fast", retry_after: 1 };
    },
  });
  await outbox.add(written("uno"));
  assert.deepEqual(sent, ["uno"]);
  assert.deepEqual(outbox.all(), []);
});

test("the message's event may come before its ack", async () => {
  const one = browser();
  const outbox = new Outbox({
    ...one,
    pause: async () => {},
    send: async (draft) => {
      await outbox.confirm({ key: draft.key });
      return { message: { key: draft.key } };
    },
  });
  let gone = 0;
  outbox.changed.subscribe((change) => (gone += change.message ? 1 : 0));
  await outbox.add(written("uno"));
  assert.equal(gone, 1);
  assert.deepEqual(outbox.all(), []);
});

test("a message that came although its answer was lost is no longer waiting", async () => {
  const { outbox } = tab(browser(), [LOST]);
  await outbox.add(written("uno"));
  await outbox.confirm({ key: outbox.all()[0].key });
  assert.deepEqual(outbox.all(), []);
});

test("two tabs send what waits once", async () => {
  const one = browser();
  await tab(one, [LOST]).outbox.add(written("uno"));
  const [left, right] = [tab(one), tab(one)];
  await Promise.all([left.outbox.reload(), right.outbox.reload()]);
  await Promise.all([left.outbox.drain(), right.outbox.drain()]);
  assert.deepEqual([...left.sent, ...right.sent], ["uno"]);
  assert.deepEqual([...left.outbox.all(), ...right.outbox.all()], []);
});

test("a disk that is full or gone costs the waiting message its survival, not its sending", async () => {
  const broken = () => Promise.reject(new Error("InvalidStateError"));
  const { outbox, sent } = tab({ storage: { all: broken, put: broken, remove: broken }, exclusively: (work) => work() });
  await outbox.add(written("uno"));
  assert.deepEqual(sent, ["uno"]);
  assert.deepEqual(outbox.all(), []);
});
