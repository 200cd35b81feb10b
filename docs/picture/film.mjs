// Takes pictures of a session that lives and dies: film.mjs ORIGIN FOLDER STILL. The frames go into FOLDER as 000.png and so
// on, each with the milliseconds that it is to be shown in frames.json.
import { createRequire } from "node:module";
import { writeFile } from "node:fs/promises";

const { chromium } = createRequire(import.meta.url)(process.env.PLAYWRIGHT_CORE);
const [origin, folder, still] = process.argv.slice(2);
const EVERY = 250; // ms

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1100, height: 620 }, colorScheme: "light" });
const page = await context.newPage();
const frames = [];

async function film(seconds) {
    const end = Date.now() + seconds * 1000;
    while (Date.now() < end) {
        const next = Date.now() + EVERY;
        const name = `${String(frames.length).padStart(3, "0")}.png`;
        await page.screenshot({ path: `${folder}/${name}` });
        frames.push({ name, ms: EVERY });
        await page.waitForTimeout(Math.max(0, next - Date.now()));
    }
}

// The lab belongs to the browser that comes back with its cookie.
await page.goto(`${origin}/lab`);
await page.waitForFunction("asked");
await page.goto(`${origin}/`);
await page.waitForFunction("asked");
await film(0.8);
for (const pause of [2, 1.5, 2]) {
    await page.click("button.visit");
    await film(pause);
}
await film(5.5); // silence
await page.click("button.visit");
await film(2);
await page.goto(`${origin}/lab/timeline`);
await page.waitForFunction("asked");
await film(3);

// The still: an exercise while it is done.
await page.setViewportSize({ width: 1280, height: 800 });
await page.goto(`${origin}/lab/exercise/9`);
await page.selectOption("select[name=age]", "30");
await page.click("text=Apply");
await page.waitForFunction("asked");
await page.check("input[value=a]");
await page.click("text=Lock my prediction");
await page.waitForSelector("#do.current");
for (const path of ["/hello/world", "/hello/world2"]) {
    await page.click(`.do a[href='${path}'][data-send]`);
    await page.waitForTimeout(6000);
}
await page.click(".do a[href='/hello/world2'][data-send]");
await page.waitForTimeout(1500);
await page.evaluate("scrollTo(0, 0)");
await page.screenshot({ path: still });

await writeFile(`${folder}/frames.json`, JSON.stringify(frames));
await browser.close();
