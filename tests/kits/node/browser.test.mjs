// The counter in a real Chromium, with playwright-core: node --test browser.test.mjs
//
// Install it beside this file (npm install playwright-core), or name the folder of its package in PLAYWRIGHT_CORE. CHROMIUM is the
// browser, /usr/bin/chromium unless it is set.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { forgetExpired, startServer } from "./sessionid.mjs";

const playwright = await import(process.env.PLAYWRIGHT_CORE ? `${process.env.PLAYWRIGHT_CORE}/index.mjs` : "playwright-core");
let chromium;

before(async () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  chromium = await playwright.chromium.launch({ executablePath, args: ["--no-sandbox"] });
});
after(() => chromium?.close());

async function visit(age, steps) {
  const server = await startServer({ age });
  const context = await chromium.newContext();
  const page = await context.newPage();
  const counter = async () => {
    await page.goto(`${server.url}/hello/world`);
    return Number(await page.locator("b").innerText());
  };
  const sessionid = async () => (await context.cookies()).find(({ name }) => name === "sessionid")?.value;
  try {
    await steps({ server, context, counter, sessionid });
  } finally {
    await context.close();
    await server.stop();
  }
}

test("a real age of two seconds ends in a real browser", () =>
  visit(2, async ({ counter, sessionid }) => {
    assert.deepEqual([await counter(), await counter()], [0, 1]);
    const before = await sessionid();
    await sleep(2200);
    assert.equal(await sessionid(), undefined, "the browser has forgotten the cookie");
    assert.equal(await counter(), 0);
    assert.notEqual(await sessionid(), before);
  }));

test("the server's clock ends the row, and the browser keeps the cookie until it is told", () =>
  visit(1000, async ({ server, context, counter, sessionid }) => {
    assert.deepEqual([await counter(), await counter()], [0, 1]);
    const before = await sessionid();
    await server.clock.advance(1001);
    assert.equal(await sessionid(), before, "its own clock has not moved");
    await forgetExpired(context, server.clock);
    assert.equal(await sessionid(), undefined);
    assert.equal(await counter(), 0);
    assert.notEqual(await sessionid(), before);
  }));
