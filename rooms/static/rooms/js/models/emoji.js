import { best } from "./matching.js";

/** The quick row of reactions. */
export const QUICK = ["👍", "❤️", "😂", "🎉", "🙌", "👀", "🙏", "🔥"];

/**
 * Each with its name, and other words by which it is found, in English and in Spanish.
 * @typedef {[sign: string, english: string, spanish: string]} Emoji
 * @type {Emoji[]}
 */
export const EMOJI = [
  ["👍", "thumbs up, +1, yes, like", "pulgar arriba, sí, bien"], ["👎", "thumbs down, -1, no", "pulgar abajo, mal"],
  ["❤️", "heart, love", "corazón, amor"], ["😂", "tears of joy, laugh", "risa"], ["🎉", "party popper, tada", "fiesta"],
  ["🙌", "raised hands, hooray", "bravo, manos arriba"], ["👀", "eyes, look", "ojos, mirar"], ["🙏", "please, pray, thanks", "por favor, gracias"],
  ["🔥", "fire", "fuego"], ["👏", "clap", "aplauso"], ["✅", "done, check", "hecho, listo"], ["❌", "cross, no", "cruz, mal"], ["💯", "hundred", "cien"],
  ["🚀", "rocket", "cohete"], ["⭐", "star", "estrella"], ["💡", "idea, bulb", "bombilla, idea"], ["😀", "grin, smile", "sonrisa"],
  ["😄", "happy, smile", "feliz"], ["😅", "sweat", "sudor"], ["🤣", "rolling with laughter, rofl, laugh", "risa, carcajada"],
  ["🙂", "slight smile", "media sonrisa"], ["😉", "wink", "guiño"], ["😊", "blush", "contento"], ["😍", "heart eyes, love", "amor, ojos de corazón"],
  ["😘", "kiss", "beso"], ["😜", "tongue", "lengua"], ["🤔", "thinking", "pensar"], ["🤨", "raised eyebrow", "duda, ceja"], ["😐", "neutral", "neutro"],
  ["🙄", "eye roll", "ojos en blanco"], ["😴", "sleep", "dormir"], ["😎", "cool, sunglasses", "gafas de sol"], ["🥳", "party face", "fiesta"],
  ["😢", "cry, sad", "triste, llorar"], ["😭", "sob", "llorar"], ["😡", "angry", "enfado"], ["😱", "scream", "susto"], ["🤯", "mind blown", "alucinar"],
  ["😬", "grimace", "mueca"], ["🤗", "hug", "abrazo"], ["🤝", "handshake", "trato"], ["👋", "wave, hello", "hola, adiós"],
  ["👌", "OK, perfect", "perfecto"], ["✌️", "peace", "paz"], ["🤞", "fingers crossed, luck", "suerte"], ["💪", "muscle, strong", "fuerza"],
  ["🫶", "heart hands", "manos de corazón"], ["👉", "point right", "a la derecha"], ["☝️", "point up", "hacia arriba"],
  ["🧡", "orange heart", "corazón naranja"], ["💔", "broken heart", "corazón roto"], ["🎂", "birthday cake", "tarta, cumpleaños"],
  ["🎁", "gift", "regalo"], ["🎈", "balloon", "globo"], ["🎵", "music", "música"], ["🎸", "guitar", "guitarra"], ["🥁", "drum", "tambor"],
  ["🎺", "trumpet", "trompeta"], ["💃", "dancing woman, dance", "baile"], ["🕺", "dancing man, dance", "baile"], ["🏮", "lantern", "farolillo"],
  ["🥘", "paella, food", "paella, comida"], ["🍕", "pizza", "pizza"], ["🍉", "watermelon", "sandía"], ["🍻", "beer", "cerveza"], ["☕", "coffee", "café"],
  ["🍷", "wine", "vino"], ["☀️", "sun", "sol"], ["🌙", "moon", "luna"], ["🌧️", "rain", "lluvia"], ["🌈", "rainbow", "arcoíris"], ["🌿", "leaf", "hoja"],
  ["🌹", "rose", "rosa"], ["🐶", "dog", "perro"], ["🐱", "cat", "gato"], ["🐛", "bug", "bicho, error"], ["⚠️", "warning", "aviso"],
  ["❓", "question", "pregunta"], ["❗", "exclamation", "exclamación"], ["📌", "pin", "chincheta"], ["📎", "paper clip", "clip"],
  ["📅", "calendar", "calendario"], ["⏰", "alarm clock", "despertador"], ["💻", "computer", "ordenador"], ["📷", "camera", "cámara, foto"],
  ["🔧", "wrench, fix", "llave, arreglar"], ["🔒", "lock", "candado"], ["🏠", "house", "casa"], ["🚲", "bike", "bici"], ["🚗", "car", "coche"],
  ["✈️", "plane", "avión"], ["🏆", "trophy", "copa"], ["⚽", "football", "fútbol"], ["🧹", "broom", "escoba"], ["🪑", "chair", "silla"],
  ["💸", "money", "dinero"], ["🤷", "shrug", "ni idea"], ["🙈", "monkey", "mono"], ["👻", "ghost", "fantasma"], ["🤖", "robot", "robot"],
];

/** In whichever language one searches. @param {string} query @returns {Emoji[]} */
export function findEmoji(query) {
  return best(EMOJI, query, ([, ...words]) => words.join(" ").split(/[ ,]+/));
}

/** @param {string} sign @param {string} language */
export function emojiName(sign, language) {
  const [, english, spanish] = EMOJI.find(([one]) => one === sign) ?? ["", "", ""];
  return (language === "es" ? spanish : english).split(",")[0];
}

const ONLY_EMOJI = /^(?:(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Emoji}️|\p{Extended_Pictographic})(?:\p{EMod}|️|‍\p{Extended_Pictographic})*\s*){1,6}$/u;

/** Whether a body is emoji and nothing else, at most six. @param {string} body */
export function isOnlyEmoji(body) {
  return ONLY_EMOJI.test(body.trim());
}
