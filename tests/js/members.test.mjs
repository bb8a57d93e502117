import assert from "node:assert/strict";
import { test } from "node:test";

import { Members } from "../../rooms/static/rooms/js/models/members.js";

const PLAZA = { id: 12 };
const ANA = { id: 1, name: "Ana", username: "ana", avatar: null };
const BRUNO = { id: 2, name: "Bruno", username: "bruno", avatar: null };
const ZULEMA = { id: 700, name: "Zulema", username: "zulema", avatar: null };
const URSULA = { id: 701, name: "Úrsula", username: "ursula", avatar: null };

/** A server that answers when the test says so, a clock, and a pause that ends when typing has paused. */
function page() {
  const asked = [];
  const pauses = [];
  const clock = { now: 0 };
  const members = new Members({
    get: (path) => new Promise((resolve, reject) => asked.push({ path, resolve, reject })),
    pause: () => new Promise((resolve) => pauses.push(resolve)),
    now: () => clock.now,
  });
  const answer = (users, has_after = false) => asked.at(-1).resolve({ users, has_after });
  return { members, asked, pauses, clock, answer, paths: () => asked.map(({ path }) => path) };
}

/** One whose room has more members than its first page. */
async function largeRoom() {
  const at = page();
  const news = at.members.refresh(PLAZA);
  at.answer([ANA, BRUNO], true);
  await news;
  return at;
}

const names = (users) => users.map((user) => user.name);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the first page is asked for once, and again when it is old", async () => {
  const { members, asked, clock, answer, paths } = page();
  const both = [members.refresh(PLAZA), members.refresh(PLAZA)];
  answer([BRUNO, ANA]);
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.deepEqual(names(members.called(12, "")), ["Ana", "Bruno"]);
  assert.equal(await members.refresh(PLAZA), false);
  clock.now = 60_000;
  const later = members.refresh(PLAZA);
  assert.deepEqual(names(members.called(12, "")), ["Ana", "Bruno"]);
  asked.at(-1).reject({ code: "lost" });
  assert.equal(await later, false);
  assert.deepEqual(names(members.called(12, "")), ["Ana", "Bruno"]);
  assert.deepEqual(paths(), ["/rooms/12/members", "/rooms/12/members"]);
});

test("nobody else is asked for where all are known", async () => {
  const { members, answer, paths } = page();
  const news = members.refresh(PLAZA);
  answer([ANA, BRUNO]);
  await news;
  assert.equal(await members.search(12, "zu"), false);
  await members.refresh({ id: 13, members: [ANA, ZULEMA] });
  assert.equal(await members.search(13, "xy"), false);
  assert.deepEqual(names(members.called(13, "zu")), ["Zulema"]);
  assert.deepEqual(paths(), ["/rooms/12/members"]);
});

test("in a large room the server is asked for a name, once typing pauses", async () => {
  const { members, pauses, answer, paths } = await largeRoom();
  const searches = ["z", "zú"].map((query) => members.search(12, query));
  for (const end of pauses) end();
  await turn();
  assert.deepEqual(paths().slice(1), ["/rooms/12/members?q=z%C3%BA"]);
  answer([ZULEMA]);
  assert.deepEqual(await Promise.all(searches), [false, true]);
  assert.deepEqual(names(members.called(12, "zu")), ["Zulema"]);
});

test("what is complete is not asked for again, nor what is within it", async () => {
  const { members, pauses, answer, paths } = await largeRoom();
  const search = async (query, users, more) => {
    const found = members.search(12, query);
    pauses.at(-1)();
    await turn();
    answer(users, more);
    return found;
  };
  await search("u", [URSULA], true);
  await search("ul", [ZULEMA, URSULA], false);
  assert.equal(await members.search(12, "zúl"), false);
  assert.equal(await search("us", [], false), false);
  assert.deepEqual(paths().slice(1), ["u", "ul", "us"].map((query) => `/rooms/12/members?q=${query}`));
});

test("an answer that comes late takes nobody away", async () => {
  const { members, asked, pauses } = await largeRoom();
  const searches = [];
  for (const query of ["ur", "zu"]) {
    searches.push(members.search(12, query));
    pauses.at(-1)();
    await turn();
  }
  asked.at(-1).resolve({ users: [ZULEMA], has_after: false });
  asked.at(-2).resolve({ users: [URSULA], has_after: false });
  await Promise.all(searches);
  assert.deepEqual(names(members.called(12, "u")), ["Úrsula", "Bruno", "Zulema"]);
});

test("without a connection one goes on with who is known", async () => {
  const { members, asked, pauses } = await largeRoom();
  const found = members.search(12, "a");
  pauses[0]();
  await turn();
  asked.at(-1).reject({ code: "lost" });
  assert.equal(await found, false);
  assert.deepEqual(names(members.called(12, "a")), ["Ana"]);
});
