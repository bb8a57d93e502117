import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "../../rooms/static/rooms/js/models/backoff.js";

test("between the first five tries at most four seconds pass", () => {
  const backoff = new Backoff(() => 0.999);
  const waits = [1, 2, 3, 4, 5].map(() => backoff.next());
  assert.ok(waits.every((wait) => wait <= 4_000), String(waits));
  assert.ok(waits[4] > 3_900);
});

test("later tries wait longer, up to half a minute", () => {
  const backoff = new Backoff(() => 1);
  const waits = Array.from({ length: 12 }, () => backoff.next());
  assert.ok(waits[5] > 4_000);
  assert.equal(Math.max(...waits), 30_000);
});

test("the jitter is full: a wait may be nothing at all", () => {
  assert.equal(new Backoff(() => 0).next(), 0);
});

test("after a success it begins anew", () => {
  const backoff = new Backoff(() => 1);
  for (let tries = 0; tries < 8; tries += 1) backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 1_000);
  assert.equal(backoff.tries, 1);
});
