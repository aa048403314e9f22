// Calls of the service's own API with the visitor's session.

/** A failure of the API in its one shape. */
export class ApiError extends Error {
  constructor({ error, detail, status }) {
    super(detail);
    this.code = error;
    this.status = status;
  }
}

function token() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** The answer's JSON; whoever is signed out meanwhile is led to the sign-in and back. */
export async function call(method, address, { body, signal, headers = {} } = {}) {
  const init = { method, signal, credentials: "same-origin", headers: { Accept: "application/json", ...headers } };
  if (method !== "GET") init.headers["X-CSRF-Token"] = token();
  if (body instanceof Blob || typeof body === "string") init.body = body;
  else if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers["Content-Type"] ??= "application/json";
  }
  const answer = await fetch(address, init);
  if (answer.status === 401) {
    location.assign(`/console/sign-in?expired=1&next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {});
  }
  const told = await answer.json().catch(() => null);
  if (!answer.ok) {
    throw new ApiError(told ?? { error: "unreadable", detail: `HTTP ${answer.status}`, status: answer.status });
  }
  return told;
}

export const get = (address, options) => call("GET", address, options);
export const post = (address, body, options) => call("POST", address, { ...options, body });
