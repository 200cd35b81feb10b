// Tests of session expiry from Node and Playwright: a server, its clock, and a client that forgets cookies by that clock.
//
//     const server = await startServer({ age: 30 });
//     const browser = new Browser(server);
//     await browser.get("/hello/world");
//     await server.clock.advance(31);
//     assert.equal(await browser.cookie("sessionid"), undefined);
//     await server.stop();
//
// The server is `manage testserver`: the program that SESSIONID_MANAGE names, else `manage` in PATH.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Starts a server. `options` are more of the command's, such as `["--set", "SESSION_COOKIE_PATH=/shop"]`. */
export async function startServer({ age = 1209600, options = [], manage } = {}) {
  const program = manage ?? process.env.SESSIONID_MANAGE ?? "manage";
  const child = spawn(program, ["testserver", "--age", String(age), ...options], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { RUST_LOG: "off", ...process.env },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const exited = once(child, "close").catch((error) => {
    throw error.code === "ENOENT" ? new Error("no `manage`: set SESSIONID_MANAGE to the path of the program") : error;
  });
  const line = once(createInterface({ input: child.stdout }), "line").then(([line]) => line);
  const ready = await Promise.race([line, exited.then(() => undefined)]);
  if (ready === undefined) throw new Error(said.trim());
  const { url, clock, pid, database } = JSON.parse(ready);
  const stop = async () => {
    // The server ends when its standard input is closed, and so with this process, however that ends.
    child.stdin.end();
    await exited;
  };
  return { url, pid, database, age, clock: new Clock(clock), sessions: new Sessions(clock), stop };
}

async function json(method, url, body) {
  const response = await fetch(url, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** The server's clock. Each method resolves to the server's time, a `Date`. */
class Clock {
  #url;

  constructor(url) {
    this.#url = url;
  }

  async #turn(motion) {
    return new Date((await json("POST", this.#url, motion)).now);
  }

  async now() {
    return new Date((await json("GET", this.#url)).now);
  }

  advance = (seconds) => this.#turn({ advance: seconds });
  /** To a `Date`, forward or back. */
  set = (moment) => this.#turn({ set: moment.toISOString() });
  freeze = () => this.#turn({ freeze: true });
  run = () => this.#turn({ freeze: false });
  /** Back to the system's time, running. */
  reset = () => this.#turn({ reset: true });
}

/** What the server has stored: `{ key, expire_date, live, data }`. */
class Sessions {
  #url;

  constructor(clock) {
    this.#url = clock;
  }

  #one = (key) => `${this.#url}/sessions/${encodeURIComponent(key)}`;
  list = () => json("GET", `${this.#url}/sessions`);
  get = (key) => json("GET", this.#one(key));
  /** Stores a session in the place of whatever is there; it ends after SESSION_COOKIE_AGE unless you say otherwise. */
  put = (key, data, expire_in) => json("PUT", this.#one(key), { data, expire_in });
  delete = (key) => json("DELETE", this.#one(key));
  clear = () => json("DELETE", `${this.#url}/sessions`);
  /** Django's `clearsessions`, by the server's clock. */
  clearExpired = async () => (await json("POST", `${this.#url}/clearsessions`)).deleted;
}

/** `fetch` with a memory for cookies that goes by the server's clock. Of a cookie's attributes it knows the end alone. */
export class Browser {
  #server;
  #cookies = new Map();

  constructor(server) {
    this.#server = server;
  }

  /** A cookie's value, while it is there. */
  async cookie(name) {
    await this.#forgetExpired();
    return this.#cookies.get(name)?.value;
  }

  /** What closing the browser does. */
  close() {
    for (const [name, { end }] of this.#cookies) if (end === undefined) this.#cookies.delete(name);
  }

  get = (path) => this.fetch(path);
  post = (path, value) => this.fetch(path, { method: "POST", body: JSON.stringify(value) });

  async fetch(path, options = {}) {
    await this.#forgetExpired();
    const cookie = [...this.#cookies].map(([name, { value }]) => `${name}=${value}`).join("; ");
    const headers = new Headers(options.headers);
    if (cookie) headers.set("Cookie", cookie);
    const response = await fetch(new URL(path, this.#server.url), { ...options, headers });
    const now = await this.#server.clock.now();
    response.headers.getSetCookie().forEach((header) => this.#keep(header, now));
    return response;
  }

  #keep(header, now) {
    const [pair, ...attributes] = header.split("; ");
    const [name, value] = split(pair);
    const found = new Map(attributes.map(split).map(([name, value]) => [name.toLowerCase(), value]));
    const end = found.has("max-age") ? +now + found.get("max-age") * 1000 : Date.parse(found.get("expires"));
    this.#cookies.set(name, { value, end: Number.isNaN(end) ? undefined : end });
  }

  async #forgetExpired() {
    const now = +(await this.#server.clock.now());
    for (const [name, { end }] of this.#cookies) if (end <= now) this.#cookies.delete(name);
  }
}

function split(pair) {
  const at = pair.indexOf("=");
  return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
}

/**
 * For Playwright: takes from a browser context the cookies that have expired by the server's clock. A real browser keeps them
 * by the system's time, which nobody can set.
 */
export async function forgetExpired(context, clock) {
  const now = (await clock.now()) / 1000;
  for (const { name, domain, path, expires } of await context.cookies()) {
    if (expires !== -1 && expires <= now) await context.clearCookies({ name, domain, path });
  }
}
