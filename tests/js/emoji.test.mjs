import assert from "node:assert/strict";
import { test } from "node:test";

import { EMOJI, emojiName, findEmoji } from "../../rooms/static/rooms/js/models/emoji.js";

/** @param {string} query */
const signs = (query) => findEmoji(query).map(([sign]) => sign);

test("an emoji is found in either language, with and without accents", () => {
  assert.equal(signs("tada")[0], "🎉");
  assert.equal(signs("+1")[0], "👍");
  assert.deepEqual(signs("sandia"), ["🍉"]);
  assert.deepEqual(signs("sandía"), ["🍉"]);
});

test("its name is in the reader's language alone", () => {
  assert.equal(emojiName("🔧", "en"), "wrench");
  assert.equal(emojiName("🔧", "es"), "llave");
  for (const [sign] of EMOJI) assert.ok(emojiName(sign, "en") && emojiName(sign, "es"), sign);
});
