// The counter, by the server's clock: node --test counter.test.mjs

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { Browser, startServer } from "./sessionid.mjs";

let server, browser;

before(async () => (server = await startServer({ age: 30 })));
after(() => server?.stop());
beforeEach(async () => {
  await server.clock.reset();
  await server.clock.freeze();
  await server.sessions.clear();
  browser = new Browser(server);
});

async function counter(path = "/hello/world") {
  const page = await (await browser.get(path)).text();
  return Number(/Counter : <b>(\d+)<\/b>/.exec(page)[1]);
}

test("it counts", async () => {
  assert.deepEqual([await counter(), await counter(), await counter()], [0, 1, 2]);
});

test("it survives a second less than its age", async () => {
  await counter();
  await server.clock.advance(server.age - 1);
  assert.equal(await counter(), 1);
});

test("it is gone a second after its age, under another id", async () => {
  await counter();
  const before = await browser.cookie("sessionid");
  await server.clock.advance(server.age + 1);
  assert.equal(await browser.cookie("sessionid"), undefined);
  assert.equal(await counter(), 0);
  assert.notEqual(await browser.cookie("sessionid"), before);
});

test("a session of the browser's has no end", async () => {
  await browser.post("/script", [["set", "counter", 5], ["set_expiry", 0]]);
  await server.clock.advance(server.age - 1);
  assert.equal(await counter(), 5);
  browser.close();
  assert.equal(await counter(), 0);
});

test("any state is a fixture", async () => {
  await counter();
  const key = await browser.cookie("sessionid");
  await server.sessions.put(key, { counter: 41 }, 10);
  assert.equal(await counter("/hello/world2"), 41);
  await server.clock.advance(11);
  assert.equal((await server.sessions.get(key)).live, false);
  assert.equal(await server.sessions.clearExpired(), 1);
  assert.deepEqual(await server.sessions.list(), []);
});

test("what is refused says what is allowed", async () => {
  await assert.rejects(server.clock.advance(-1), /to go back/);
  await assert.rejects(startServer({ options: ["--engine", "redis"] }), /allowed is db/);
  await assert.rejects(startServer({ manage: "/no/such/manage" }), /set SESSIONID_MANAGE/);
});
