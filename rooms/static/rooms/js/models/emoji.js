/** The quick row of reactions. */
export const QUICK = ["👍", "❤️", "😂", "🎉", "🙌", "👀", "🙏", "🔥"];

/** Each with the words by which it is found, English and Spanish. @type {[string, string][]} */
export const EMOJI = [
  ["👍", "+1 thumbs up yes like si bien"], ["👎", "-1 thumbs down no mal"], ["❤️", "heart love corazon amor"],
  ["😂", "joy laugh risa"], ["🎉", "tada party fiesta"], ["🙌", "raised hands hooray bravo"], ["👀", "eyes look ojos mirar"],
  ["🙏", "pray thanks please gracias favor"], ["🔥", "fire fuego"], ["👏", "clap aplauso"], ["✅", "check done hecho listo"],
  ["❌", "cross no cruz"], ["💯", "hundred cien"], ["🚀", "rocket cohete"], ["⭐", "star estrella"], ["💡", "idea bulb bombilla"],
  ["😀", "grin smile sonrisa"], ["😄", "smile happy feliz"], ["😅", "sweat sudor"], ["🤣", "rofl laugh risa"], ["🙂", "slight smile sonrisa"],
  ["😉", "wink guiño"], ["😊", "blush contento"], ["😍", "heart eyes amor"], ["😘", "kiss beso"], ["😜", "tongue lengua"], ["🤔", "thinking pensar"],
  ["🤨", "eyebrow duda"], ["😐", "neutral"], ["🙄", "eye roll"], ["😴", "sleep dormir"], ["😎", "cool sunglasses gafas"], ["🥳", "party fiesta"],
  ["😢", "cry llorar triste"], ["😭", "sob llorar"], ["😡", "angry enfado"], ["😱", "scream susto"], ["🤯", "mind blown"], ["😬", "grimace"],
  ["🤗", "hug abrazo"], ["🤝", "handshake trato"], ["👋", "wave hello hola adios"], ["👌", "ok perfecto"], ["✌️", "peace paz"], ["🤞", "fingers crossed suerte"],
  ["💪", "muscle strong fuerza"], ["🫶", "heart hands"], ["👉", "point right"], ["☝️", "point up"], ["🧡", "orange heart"], ["💔", "broken heart"],
  ["🎂", "cake birthday tarta cumple"], ["🎁", "gift regalo"], ["🎈", "balloon globo"], ["🎵", "music musica"], ["🎸", "guitar guitarra"], ["🥁", "drum tambor"],
  ["🎺", "trumpet trompeta"], ["💃", "dance baile"], ["🕺", "dance baile"], ["🏮", "lantern farolillo"], ["🥘", "paella food comida"], ["🍕", "pizza"],
  ["🍉", "watermelon sandia"], ["🍻", "beer cerveza"], ["☕", "coffee cafe"], ["🍷", "wine vino"], ["☀️", "sun sol"], ["🌙", "moon luna"],
  ["🌧️", "rain lluvia"], ["🌈", "rainbow arcoiris"], ["🌿", "leaf hoja"], ["🌹", "rose rosa"], ["🐶", "dog perro"], ["🐱", "cat gato"], ["🐛", "bug bicho error"],
  ["⚠️", "warning aviso"], ["❓", "question pregunta"], ["❗", "exclamation"], ["📌", "pin"], ["📎", "clip"], ["📅", "calendar calendario"],
  ["⏰", "alarm clock despertador"], ["💻", "computer ordenador"], ["📷", "camera foto"], ["🔧", "wrench fix arreglar"], ["🔒", "lock candado"], ["🏠", "house casa"],
  ["🚲", "bike bici"], ["🚗", "car coche"], ["✈️", "plane avion"], ["🏆", "trophy copa"], ["⚽", "football futbol"], ["🧹", "broom escoba"],
  ["🪑", "chair silla"], ["💸", "money dinero"], ["🤷", "shrug ni idea"], ["🙈", "monkey mono"], ["👻", "ghost fantasma"], ["🤖", "robot"],
];

const ONLY_EMOJI = /^(?:(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Emoji}️|\p{Extended_Pictographic})(?:\p{EMod}|️|‍\p{Extended_Pictographic})*\s*){1,6}$/u;

/** Whether a body is emoji and nothing else, at most six. @param {string} body */
export function isOnlyEmoji(body) {
  return ONLY_EMOJI.test(body.trim());
}
