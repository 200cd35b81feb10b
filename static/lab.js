// The lab's pages while they are open: clocks that run, panels brought up to date, requests sent without
// leaving the page. Everything works without this file, as forms and links.
"use strict";

const body = document.body;
const status = document.getElementById("status");
const EVERY = 1000; // ms between two looks while the tab is visible
const LOW = 10; // seconds left that are announced

const root = body.dataset.root || ""; // of all addresses: a room's, or nothing
const notices = document.getElementById("notices");
let latest = Number(body.dataset.latest || 0);
let boot = body.dataset.boot;
let policy; // the settings in words
let ahead = Date.now() - Number(body.dataset.now || Date.now()); // of the server's clock
let paused = false;
let ticked = null;
let shown = {}; // the last HTML of each panel
let asked = false; // whether the server has told of itself before
const announced = new Set(); // "Cookie 1700000000000 low"

function say(text) {
    status.textContent = "";
    // A live region speaks of what changes, so the same text twice needs a moment between.
    setTimeout(() => { status.textContent = text; }, 50);
}

// Clocks: the bar and the seconds of each element with an end.

function seconds(left) {
    if (left >= 3600) return `${Math.floor(left / 3600)} h ${Math.floor((left % 3600) / 60)} min left`;
    if (left >= 120) return `${Math.floor(left / 60)} min ${left % 60} s left`;
    return `${left} s left`;
}

function runClock(element) {
    const expires = Number(element.dataset.expires);
    const left = (expires - (Date.now() - ahead)) / 1000;
    const whole = Math.max(0, Math.ceil(left));
    const name = element.dataset.name;
    const low = Math.min(LOW, Number(element.dataset.total) / 3);
    element.querySelector("progress").value = Math.max(0, left);
    const text = left > 0 ? seconds(whole) : "✕ expired";
    const label = element.querySelector(".left");
    if (label.textContent !== text) label.textContent = text;
    element.classList.toggle("low", left > 0 && left <= low);
    element.classList.toggle("over", left <= 0);
    if (left > low) return;
    const event = left > 0 ? "low" : "over";
    const mark = `${name} ${expires} ${event}`;
    if (announced.has(mark)) return;
    announced.add(mark);
    // What was over before the page was opened is no news.
    if (left < -2) return;
    say(event === "low" ? `${name}: ${whole} seconds left` : `${name} expired`);
}

function runClocks() {
    document.querySelectorAll("[data-expires]").forEach(runClock);
}

// Panels: rendered by the server, put in place where they differ.

function replace(name, html) {
    const panel = document.querySelector(`[data-panel="${name}"]`);
    if (!panel || shown[name] === html) return;
    shown[name] = html;
    const focused = panel.contains(document.activeElement) ? document.activeElement : null;
    const at = focused ? focusable(panel).indexOf(focused) : -1;
    const scrolled = [...panel.querySelectorAll(".scroll")].map((element) => element.scrollLeft);
    panel.innerHTML = html;
    panel.querySelectorAll(".scroll").forEach((element, index) => { element.scrollLeft = scrolled[index] || 0; });
    if (focused) focusable(panel)[at]?.focus();
}

function focusable(element) {
    return [...element.querySelectorAll("a, button, summary, [tabindex]")];
}

function celebrate(age) {
    const text = `↑ reset to ${age} s`;
    document.querySelectorAll(".clock .reset").forEach((element) => {
        element.textContent = text;
        element.hidden = false;
        setTimeout(() => { element.hidden = true; }, 2500);
    });
    document.querySelectorAll(".clock").forEach((element) => {
        element.classList.remove("flash");
        void element.offsetWidth; // begins the animation anew
        element.classList.add("flash");
    });
    say(`Saved: reset to ${age} seconds`);
}

// What a prediction, the last tick or another tab opens: the server's page tells, and its steps replace those that are
// here, so that scrolling stays as it is.
const OPENED = { predict: "A new prediction can be made", do: "Your prediction is locked. Now do it", why: "All observed. The why is open" };

async function turn(step, quietly) {
    body.dataset.step = step;
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-judged]")) {
        const judged = page.querySelector(`[data-judged="${part.dataset.judged}"]`);
        if (judged) part.replaceWith(judged);
    }
    shown = {};
    listen();
    if (quietly) return;
    const opened = document.getElementById(step);
    opened?.querySelector("h2")?.focus({ preventScroll: true });
    opened?.scrollIntoView({ block: "nearest" });
    say(OPENED[step]);
}

// What the page says at its top, until it is so no more.

function notice(name, text) {
    let line = notices.querySelector(`[data-notice="${name}"]`);
    if (!text) return line?.remove();
    if (!line) {
        line = document.createElement("p");
        line.className = "notice warn";
        line.dataset.notice = name;
        notices.append(line);
    }
    const told = `⚠ ${text}`;
    if (line.textContent !== told) line.textContent = told;
}

const AWAY = "The server does not answer. If it was stopped, start it again; this page waits, and then goes on by itself.";
const STORE_AWAY = "The place where sessions are kept does not answer. What stands below may be old; it is read again every two seconds.";

async function show(news) {
    // Another browser has this room; the same page of one's own is below that path.
    if (news.moved !== undefined) return location.replace(news.moved + location.pathname.slice(root.length) + location.search);
    ahead = Date.now() - news.now_ms;
    const restarted = boot !== undefined && news.boot_id !== boot;
    const first = !asked;
    asked = true;
    const changed = !first && policy !== undefined && news.policy !== policy;
    const saved = !first && !restarted && news.latest !== latest && news.saved !== null;
    boot = news.boot_id;
    latest = news.latest;
    body.dataset.latest = latest;
    policy = news.policy;
    notice("away", "");
    notice("store", news.store_away ? STORE_AWAY : "");
    for (const [name, html] of Object.entries(news.panels)) replace(name, html);
    if (saved) celebrate(news.saved);
    if (restarted) say("The server was started again. Its record of requests begins anew");
    if (changed) await settle(news);
    if (ticked !== null && news.ticked > ticked) say(`Observed: ${news.ticked} ticked`);
    ticked = news.ticked;
    runClocks();
    if (news.step && body.dataset.step && news.step !== body.dataset.step) await turn(news.step);
}

// Another tab has changed the age or what is saved: the form here and the texts that name them follow.
async function settle(news) {
    const form = document.querySelector("form.settings");
    if (form) {
        if (![...form.age.options].some((option) => option.value === String(news.age))) form.age.add(new Option(`${news.age} s`, news.age));
        form.age.value = news.age;
        form.save_every_request.checked = news.save_every_request;
    }
    notice("settings", `The settings were changed elsewhere. ${news.policy}.`);
    say(`The settings were changed. ${news.policy}`);
    if (body.dataset.step) await turn(body.dataset.step, true);
}

let asking = null;
let failures = 0;

// One question at a time; who asks meanwhile gets the answer to a question of its own.
async function look() {
    await asking;
    asking = ask();
    await asking;
}

async function ask() {
    const exercise = body.dataset.exercise ? `&exercise=${body.dataset.exercise}` : "";
    const page = body.dataset.page ? `&page=${body.dataset.page}` : "";
    const query = `${root}/lab/feed?after=${latest}${exercise}${page}`;
    try {
        const answer = await fetch(query, { credentials: "same-origin", cache: "no-store" });
        failures = 0;
        if (!answer.ok) return notice("feed", `The lab answered ${answer.status}. Load this page again.`);
        const told = await answer.json();
        news = told.news || [];
        notice("feed", "");
        await show(told);
    } catch (error) {
        failures += 1;
        if (failures > 1) notice("away", AWAY);
    }
}

// Requests and forms, without leaving the page. What they did stands beside them.

let news = []; // the requests that the last answer tells of

function did(element, method, text) {
    const where = element.closest(".send, form")?.querySelector("output");
    if (where) where.textContent = text;
    const step = element.closest(".do li");
    if (!step) return;
    step.classList.add("did");
    mark();
}

// In a list of steps the next button is the primary one.
function mark() {
    document.querySelectorAll(".do").forEach((steps) => {
        const next = steps.querySelector("li:not(.did) .act");
        steps.querySelectorAll(".act").forEach((button) => button.classList.toggle("primary", button === next));
    });
}

async function perform(element, address, options, times = 1) {
    element.setAttribute("aria-busy", "true");
    try {
        const ask = () => fetch(address, { credentials: "same-origin", cache: "no-store", ...options });
        const [answer] = await Promise.all(Array.from({ length: times }, ask));
        const failed = answer.type !== "opaqueredirect" && !answer.ok;
        const cause = failed ? new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("pre") : null;
        await look();
        const path = new URL(address, location.href).pathname;
        const told = news.filter((one) => one.path === path).slice(-times);
        const text = told.map((one) => one.text).join(". ") || `answered ${answer.status}`;
        did(element, options.method || "GET", cause ? `${text}. ${cause.textContent}` : text);
    } catch (error) {
        did(element, "", "no answer came");
        failures = 1;
        await look();
    } finally {
        element.removeAttribute("aria-busy");
    }
}

function send(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    perform(event.currentTarget, event.currentTarget.href, {});
}

function play(event) {
    event.preventDefault();
    const form = event.currentTarget;
    // The property `formAction` of a button without the attribute is the page's own address.
    const address = event.submitter?.getAttribute("formaction") || form.action;
    const data = new URLSearchParams(new FormData(form));
    // Its cookie is kept all the same.
    const times = Number(form.dataset.times || 1); // at once
    perform(event.submitter || form, address, { method: "POST", redirect: "manual", body: data }, times);
}

// The front page's button is a form for those without scripts; with them it is the counter itself.
function visit(event) {
    event.preventDefault();
    perform(event.currentTarget, event.currentTarget.dataset.visit, {});
}

async function lock(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new URLSearchParams(new FormData(form));
    const locked = await fetch(form.action, { method: "POST", credentials: "same-origin", body: data });
    if (!locked.ok) return form.submit(); // its page says what is wrong
    await look();
}

// Says whether a script can see the session's cookie. Its value stays on this page.
function lookForCookie(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const seen = document.cookie.split("; ").some((cookie) => cookie.startsWith(`${form.dataset.cookie}=`));
    form.querySelector("output").textContent = `document.cookie is "${document.cookie}"`;
    fetch(seen ? form.dataset.saw : form.action, {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual",
        body: new URLSearchParams(new FormData(form)),
    }).then(look, look);
}

function pause(event) {
    paused = !paused;
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "▶ Go on updating" : "❚❚ Pause updates";
    say(paused ? "Updates paused" : "Updates go on");
    if (!paused) look();
}

// Once for each element, also for those that have replaced others.
function listen() {
    const on = (selector, event, handler) => document.querySelectorAll(`${selector}:not([data-heard])`).forEach((element) => {
        element.dataset.heard = "";
        element.addEventListener(event, handler);
    });
    on("a[data-send]", "click", send);
    on("form[data-play]", "submit", play);
    on("form[data-lock]", "submit", lock);
    on("form[data-visit]", "submit", visit);
    mark();
    on("form[data-script-looks]", "submit", lookForCookie);
    document.querySelectorAll("form[data-script-looks]").forEach((form) => { form.hidden = false; });
}
listen();

// On a narrow page the panels below the exercise begin closed.
const narrow = matchMedia("(max-width: 40rem)");
function fold() {
    document.querySelectorAll("details.panel:has([data-panel])").forEach((panel) => { panel.open = !narrow.matches; });
}
narrow.addEventListener("change", fold);
if (narrow.matches) fold();

if (document.querySelector("[data-panel]")) {
    const button = document.getElementById("pause");
    if (button) {
        button.hidden = false;
        button.addEventListener("click", pause);
    }
    look();
    setInterval(() => { if (!paused && document.visibilityState === "visible") look(); }, EVERY);
    setInterval(() => { if (!paused) runClocks(); }, 250);
    document.addEventListener("visibilitychange", () => { if (!paused && document.visibilityState === "visible") look(); });
    runClocks();
}
