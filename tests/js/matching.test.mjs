import assert from "node:assert/strict";
import { test } from "node:test";

import { best, place, plain } from "../../rooms/static/rooms/js/models/matching.js";

/** @param {string[]} names @param {string} query */
const found = (names, query) => best(names, query, (name) => [name]);

test("a name loses its accents and its case as it does on the server", () => {
  // Those of tests/accounts/test_names.py
  assert.equal(plain("ÁNGEL Muñoz"), "angel munoz");
  assert.equal(plain("Mun\u0303oz"), "munoz");
  assert.equal(plain("Mª Ǘrsula"), "ma ursula");
  assert.equal(plain("İpek"), "ipek");
  assert.equal(plain("Åsa Łopez_100%"), "asa łopez_100%");
  assert.equal(plain("Йосиф"), "иосиф");
  assert.equal(plain("がく"), "か\u3099く");
  assert.equal(plain("हिंदी"), "हिंदी");
});

test("those that begin so come first, then those of whom a word does", () => {
  const names = ["Évangeline", "Zoe Ángel", "Ángel", "Bruno"];
  assert.deepEqual(found(names, "ANGEL"), ["Ángel", "Zoe Ángel", "Évangeline"]);
  assert.deepEqual(found(["Ana García"], "garcia an"), ["Ana García"]);
});

test("what was typed is marked in the name", () => {
  assert.deepEqual(place("José Muñoz", "MUNOZ"), [5, 10]);
});
