// The lab's pages while they are open: clocks that run, panels brought up to date, requests sent without
// leaving the page. Everything works without this file, as forms and links.
"use strict";

const body = document.body;
const status = document.getElementById("status");
const EVERY = 1000; // ms between two looks while the tab is visible
const LOW = 10; // seconds left that are announced

let latest = Number(body.dataset.latest || 0);
let boot = body.dataset.boot;
let ahead = Date.now() - Number(body.dataset.now || Date.now()); // of the server's clock
let paused = false;
let ticked = null;
let shown = {}; // the last HTML of each panel
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

// What a prediction or the last tick opens: the server's page tells, and its steps replace those that are here, so that
// scrolling stays as it is.
async function turn(step, text) {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-judged]")) {
        const judged = page.querySelector(`[data-judged="${part.dataset.judged}"]`);
        if (judged) part.replaceWith(judged);
    }
    listen();
    const opened = document.getElementById(step);
    opened?.querySelector("h2")?.focus({ preventScroll: true });
    opened?.scrollIntoView({ block: "nearest" });
    say(text);
}

function show(news) {
    ahead = Date.now() - news.now_ms;
    const restarted = news.boot_id !== boot;
    const first = Object.keys(shown).length === 0;
    for (const [name, html] of Object.entries(news.panels)) replace(name, html);
    if (!first && news.latest !== latest && news.saved !== null) celebrate(news.saved);
    if (restarted) say("The server was started anew");
    if (ticked !== null && news.ticked > ticked) say(`Observed: ${news.ticked} ticked`);
    ticked = news.ticked;
    latest = news.latest;
    boot = news.boot_id;
    runClocks();
    const doing = document.querySelector("#do.current");
    if (news.done && doing) return turn("why", "All observed. The why is open");
}

let asking = null;

function look() {
    const exercise = body.dataset.exercise ? `&exercise=${body.dataset.exercise}` : "";
    asking = asking || fetch(`/lab/feed?after=${latest}${exercise}`, { credentials: "same-origin" })
        .then((answer) => (answer.ok ? answer.json().then(show) : undefined))
        .catch(() => {}) // the server is away, as in the exercise of its restart
        .finally(() => { asking = null; });
    return asking;
}

// Requests and forms, without leaving the page.

function send(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    fetch(event.currentTarget.href, { credentials: "same-origin", cache: "no-store" }).then(look, look);
}

function play(event) {
    event.preventDefault();
    const form = event.currentTarget;
    // The property `formAction` of a button without the attribute is the page's own address.
    const address = event.submitter?.getAttribute("formaction") || form.action;
    fetch(address, {
        method: "POST",
        credentials: "same-origin",
        redirect: "manual", // its cookie is kept all the same
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

async function lock(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const locked = await fetch(form.action, {
        method: "POST",
        credentials: "same-origin",
        body: new URLSearchParams(new FormData(form)),
    });
    if (!locked.ok) return form.submit(); // its page says what is wrong
    await look();
    await turn("do", "Your prediction is locked. Now do it");
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
