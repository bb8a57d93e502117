/** The JSON door. Every call rejects with `{code, detail}` where it fails. */

const ROOT = "/api/v1";

/** @param {string} path @returns {Promise<any>} */
export function get(path) {
  return call("GET", path);
}

/** @param {"POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} path @param {object} [body] @returns {Promise<any>} */
export function send(method, path, body) {
  return call(method, path, body ?? {});
}

/** @param {string} method @param {string} path @param {object} [body] */
async function call(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body) {
    headers["Content-Type"] = "application/json";
    headers["X-CSRFToken"] = token();
  }
  let response;
  try {
    response = await fetch(ROOT + path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  } catch {
    throw { code: "lost" };
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw answer ?? { code: "internal" };
  return answer;
}

function token() {
  return document.querySelector("meta[name=csrf-token]")?.getAttribute("content") ?? "";
}
