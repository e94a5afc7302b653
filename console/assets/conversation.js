// An open conversation: new messages come by themselves, what is typed is never lost, an answer is sent once.

import { csrf, signedOut, tell } from "./console.js";
import { canned } from "./canned.js";
import { keys } from "./keys.js";
import { live } from "./live.js";

const NEAR_END = 120;
const DRAFT_DELAY = 800;

const page = document.querySelector(".conversation");
const id = page.dataset.id;
const address = `/console/conversations/${id}`;
const thread = document.getElementById("thread");
const head = document.getElementById("head");
const form = document.getElementById("answer");
const box = document.getElementById("answer-text");
const send = document.getElementById("send");
const toEnd = document.getElementById("to-end");
// Of one person: the next one at this browser must not find, or send, what somebody else has typed
const remembered = `hotline draft ${page.dataset.account} ${id}`;

// ---- the thread ----

const isAtEnd = () => thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR_END;

// Opened in the middle: the newest messages are not on this page, and nothing is added behind a gap.
const newest = thread.dataset.later;

function goToEnd() {
  if (newest) return location.assign(newest);
  thread.scrollTop = thread.scrollHeight;
  toEnd.hidden = true;
}

function add({ html, after, note }) {
  if (newest) return;
  const follow = isAtEnd();
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const entry of parsed.querySelectorAll("li.entry")) {
    if (document.getElementById(entry.id)) continue;
    thread.append(entry);
    htmx.process(entry);
  }
  page.dataset.after = after;
  page.dataset.note = note;
  if (follow) goToEnd();
  else toEnd.hidden = false;
}

function showStates(changed) {
  for (const [entry, html] of Object.entries(changed)) {
    const place = document.getElementById(`${entry}-delivery`);
    if (!place || place.contains(document.activeElement)) continue;
    place.innerHTML = html;
    htmx.process(place);
  }
}

toEnd.addEventListener("click", goToEnd);
thread.addEventListener("scroll", () => !newest && isAtEnd() && (toEnd.hidden = true), { passive: true });

// ---- who holds it, what may be done ----

let waitingHead = null;

function showHead({ html }) {
  // A menu that is open stays as it is until it is closed: nothing moves under a finger
  if (head.querySelector("details[open]")) {
    waitingHead = html;
    return;
  }
  const focused = document.activeElement;
  const key = head.contains(focused) ? focused.dataset.key : null;
  head.innerHTML = html;
  htmx.process(head);
  if (key) head.querySelector(`[data-key="${key}"]`)?.focus();
  allowWriting();
}

head.addEventListener("toggle", (event) => {
  if (event.target.open || waitingHead === null) return;
  const html = waitingHead;
  waitingHead = null;
  showHead({ html });
}, true);

function allowWriting() {
  const state = head.querySelector("[data-may-write]").dataset;
  const may = state.mayWrite === "yes";
  send.disabled = !may || sending;
  send.firstChild.textContent = `${state.send} `;
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === head) allowWriting();
});

// ---- the draft: on the server, so that colleagues see that somebody types; in the browser, if that fails ----

let timer = 0;
let keeping = Promise.resolve();

async function keepDraft() {
  const body = new URLSearchParams({ csrf: csrf(), text: box.value });
  try {
    const answer = await fetch(`${address}/draft`, { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } });
    if (answer.status === 401) return signedOut();
    document.getElementById("draft-state").textContent = answer.ok && box.value ? `· ${form.dataset.kept}` : "";
  } catch {
    // Without a network the browser's own copy is there
  }
}

box.addEventListener("input", () => {
  localStorage.setItem(remembered, box.value);
  clearTimeout(timer);
  timer = setTimeout(() => (keeping = keepDraft()), DRAFT_DELAY);
});

if (!box.value) box.value = localStorage.getItem(remembered) ?? "";

// ---- sending ----

let sending = false;

function newAnswer() {
  form.elements.said.value = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}

async function answer() {
  if (sending || send.disabled || !box.value.trim()) return;
  sending = true;
  allowWriting();
  clearTimeout(timer);
  try {
    await keeping; // a draft that arrives behind its answer would be there again
    const said = box.value;
    const body = new URLSearchParams(new FormData(form));
    const reply = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    const html = await reply.text();
    if (reply.status === 401) return signedOut();
    if (!reply.ok) {
      const parsed = new DOMParser().parseFromString(html, "text/html");
      tell(parsed.querySelector(".problem")?.textContent.trim() || document.body.dataset.failed, "problem");
      return;
    }
    // What was typed while it was sent stays
    box.value = box.value.startsWith(said) ? box.value.slice(said.length).trimStart() : box.value;
    if (box.value) localStorage.setItem(remembered, box.value);
    else localStorage.removeItem(remembered);
    document.getElementById("draft-state").textContent = "";
    newAnswer();
    showHead({ html });
    goToEnd();
  } catch {
    // Whether it arrived is not known: the same id again says it once
    tell(document.body.dataset.failed, "problem");
  } finally {
    sending = false;
    allowWriting();
    box.focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  answer();
});

for (const area of document.querySelectorAll(".composer textarea")) {
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    area.form.requestSubmit();
  });
}

document.getElementById("note").addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) event.target.reset();
});

canned(box, document.getElementById("canned"), address);
keys();
live(() => `/console/events?conversation=${id}&after=${page.dataset.after}&note=${page.dataset.note}`, {
  thread: add,
  states: showStates,
  head: showHead,
});
newAnswer();
allowWriting();
const wanted = location.hash && document.getElementById(location.hash.slice(1));
if (wanted) wanted.scrollIntoView({ block: "center" });
else if (!newest) goToEnd();
