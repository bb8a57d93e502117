import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Connection } from "../../rooms/static/rooms/js/live/connection.js";
import { FakeSocket } from "./fake_socket.mjs";

const WELCOME = { type: "welcome", protocol: 1, epoch: "e1", user: { id: 3, name: "Ana" }, rooms: [], heartbeat: 10 };

beforeEach(() => {
  FakeSocket.all = [];
  globalThis.WebSocket = FakeSocket;
  globalThis.addEventListener = () => {};
  globalThis.document = { addEventListener: () => {}, visibilityState: "visible" };
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  mock.method(Math, "random", () => 0.5);
});

function storeWith(cursors = { 12: 1040 }) {
  return { epoch: "e1", live: false, frames: [], cursors: () => cursors, listed: () => {}, apply(frame, contiguous) {
    this.frames.push([frame.type, contiguous]);
  } };
}

function started(store = storeWith()) {
  const connection = new Connection("wss://plaza.example/ws/v1/", store);
  const heard = [];
  connection.changed.subscribe((status) => heard.push(status.state));
  connection.start();
  return { connection, store, heard };
}

async function welcome(socket) {
  socket.opens();
  socket.says(WELCOME);
  await settle();
}

async function resume(socket) {
  await welcome(socket);
  socket.acks("rooms.resume");
  await settle();
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("it goes on from its cursors before it calls itself open", async () => {
  const { connection } = started();
  await welcome(FakeSocket.last);
  assert.deepEqual(FakeSocket.last.find("rooms.resume").cursors, { 12: 1040 });
  assert.equal(connection.status.state, "connecting");
  FakeSocket.last.acks("rooms.resume");
  await settle();
  assert.equal(connection.status.state, "open");
});

test("until its resume is answered, live events do not move cursors", async () => {
  const { store } = started();
  await welcome(FakeSocket.last);
  FakeSocket.last.says({ type: "message.created" });
  FakeSocket.last.acks("rooms.resume");
  await settle();
  FakeSocket.last.says({ type: "message.created" });
  assert.deepEqual(store.frames, [["welcome", false], ["message.created", false], ["message.created", true]]);
});

test("a command gets its own answer", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  const first = connection.send({ type: "message.send", body: "uno" });
  const second = connection.send({ type: "message.edit", body: "dos" });
  FakeSocket.last.says({ type: "error", ref: FakeSocket.last.find("message.edit").ref, code: "not_allowed", detail: "No." });
  FakeSocket.last.acks("message.send", { message: { id: 9 } });
  assert.equal((await first).message.id, 9);
  await assert.rejects(second, { code: "not_allowed" });
});

test("commands without a connection are lost at once, and those under way with the socket", async () => {
  const { connection } = started();
  await assert.rejects(connection.send({ type: "message.send" }), { code: "lost" });
  await resume(FakeSocket.last);
  const under = connection.send({ type: "message.send" });
  FakeSocket.last.ends(1006);
  await assert.rejects(under, { code: "lost" });
});

test("a silent connection is found dead after 15 seconds", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  mock.timers.tick(14_900);
  assert.equal(connection.status.state, "open");
  mock.timers.tick(200);
  assert.equal(connection.status.state, "waiting");
});

test("who is silent was lost when the heartbeat was due", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  mock.timers.tick(15_000);
  assert.equal(connection.status.lost, 1_010_000);
});

test("asking a silent server gives it no more time", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  for (const wait of [13_000, 1_000]) {
    mock.timers.tick(wait);
    connection.tryNow();
  }
  mock.timers.tick(1_100);
  assert.equal(connection.status.state, "waiting");
});

test("a machine that slept has lost its server when it wakes, whatever wakes first", async () => {
  for (const wake of [(connection) => connection.tryNow(), () => mock.timers.tick(15_000)]) {
    const { connection } = started();
    await resume(FakeSocket.last);
    mock.timers.setTime(Date.now() + 3_600_000);
    wake(connection);
    assert.equal(connection.status.state, "waiting");
    assert.equal(connection.status.lost, Date.now());
  }
});

test("any frame is a sign of life", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  for (let beat = 0; beat < 5; beat += 1) {
    mock.timers.tick(10_000);
    FakeSocket.last.says({ type: "heartbeat" });
  }
  assert.equal(connection.status.state, "open");
});

test("a socket that never opens is given up, and the next is tried", () => {
  const { connection } = started();
  mock.timers.tick(8_001);
  assert.equal(connection.status.state, "waiting");
  mock.timers.tick(4_001);
  assert.equal(FakeSocket.all.length, 2);
});

test("between the first five tries at most four seconds pass", () => {
  mock.method(Math, "random", () => 0.999);
  started();
  for (let tries = 1; tries <= 5; tries += 1) {
    FakeSocket.last.ends(1006);
    mock.timers.tick(4_000);
    assert.equal(FakeSocket.all.length, tries + 1);
  }
});

test("it says since when it is lost and when it tries again", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  assert.equal(connection.status.lost, 0);
  FakeSocket.last.ends(1006);
  assert.equal(connection.status.lost, 1_000_000);
  assert.equal(connection.status.next, 1_000_500);
  mock.timers.tick(600);
  FakeSocket.last.ends(1006);
  assert.equal(connection.status.lost, 1_000_000);
});

test("trying now does not wait", async () => {
  const { connection } = started();
  FakeSocket.last.ends(1006);
  connection.tryNow();
  assert.equal(FakeSocket.all.length, 2);
});

test("on another network an open socket is asked, and given up if it keeps silent", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  connection.tryNow();
  assert.ok(FakeSocket.last.find("ping"));
  FakeSocket.last.says({ type: "pong" });
  mock.timers.tick(4_100);
  assert.equal(connection.status.state, "open");
  connection.tryNow();
  const asked = Date.now();
  mock.timers.tick(4_100);
  assert.equal(connection.status.state, "waiting");
  assert.equal(connection.status.lost, asked);
});

test("who was signed out or banned is told so and does not try again", async () => {
  for (const code of [4401, 4403]) {
    const { connection } = started();
    const sockets = FakeSocket.all.length;
    await resume(FakeSocket.last);
    FakeSocket.last.ends(code, "Be kind.");
    assert.equal(connection.status.state, "refused");
    assert.deepEqual([connection.status.code, connection.status.refused], [code, "Be kind."]);
    mock.timers.tick(120_000);
    connection.tryNow();
    assert.equal(FakeSocket.all.length, sockets);
  }
});

test("asked to reconnect, it opens a second socket, resumes there, then leaves the first; nobody notices", async () => {
  const { connection, store, heard } = started();
  await resume(FakeSocket.last);
  const first = FakeSocket.last;
  heard.length = 0;
  first.says({ type: "reconnect", within: 2 });
  mock.timers.tick(2_000);
  const second = FakeSocket.last;
  assert.notEqual(second, first);
  await welcome(second);
  first.says({ type: "message.created" });
  assert.deepEqual(store.frames.at(-1), ["message.created", true]);
  assert.equal(first.readyState, FakeSocket.OPEN);
  second.acks("rooms.resume");
  await settle();
  assert.equal(first.readyState, FakeSocket.CLOSED);
  assert.deepEqual([...new Set(heard)], ["open"]);
  connection.send({ type: "message.send" }).catch(() => {});
  assert.ok(second.find("message.send"));
});

test("what is under way on the first socket is answered before it is left", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  const first = FakeSocket.last;
  const under = connection.send({ type: "message.send" });
  first.says({ type: "reconnect", within: 1 });
  mock.timers.tick(1_000);
  await resume(FakeSocket.last);
  assert.equal(first.readyState, FakeSocket.OPEN);
  first.acks("message.send", { message: { id: 9 } });
  assert.equal((await under).message.id, 9);
  mock.timers.tick(200);
  assert.equal(first.readyState, FakeSocket.CLOSED);
});

test("when the first socket goes before the second has resumed, the second takes over", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  const first = FakeSocket.last;
  first.says({ type: "reconnect", within: 1 });
  mock.timers.tick(1_000);
  first.ends(1012);
  assert.equal(connection.status.state, "connecting");
  await resume(FakeSocket.last);
  assert.equal(connection.status.state, "open");
  assert.equal(FakeSocket.all.length, 2);
});

test("a second socket that fails is tried again while the first lives", async () => {
  const { connection } = started();
  await resume(FakeSocket.last);
  FakeSocket.last.says({ type: "reconnect", within: 1 });
  mock.timers.tick(1_000);
  FakeSocket.last.ends(1006);
  mock.timers.tick(1_000);
  await resume(FakeSocket.last);
  assert.equal(FakeSocket.all.length, 3);
  assert.equal(connection.status.state, "open");
});

test("a refused resume is no connection", async () => {
  const { connection } = started();
  await welcome(FakeSocket.last);
  const { ref } = FakeSocket.last.find("rooms.resume");
  FakeSocket.last.says({ type: "error", ref, code: "unavailable" });
  await settle();
  assert.equal(connection.status.state, "waiting");
});

test("what arrives on a socket that was given up is not taken in", async () => {
  const { store } = started();
  const first = FakeSocket.last;
  await resume(first);
  mock.timers.tick(15_001);
  const frames = store.frames.length;
  first.says({ type: "message.created" });
  assert.equal(store.frames.length, frames);
});
