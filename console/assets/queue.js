// The queue's page: the list keeps itself fresh without moving what is focused; j and k walk through it.

import { keys } from "./keys.js";
import { live } from "./live.js";

const title = document.title;

function refresh() {
  htmx.ajax("GET", location.pathname + location.search, { target: "#queue", swap: "innerHTML" });
}

function countInTitle() {
  const waiting = document.getElementById("count-waiting")?.textContent.trim();
  document.title = waiting && waiting !== "0" ? `(${waiting}) ${title}` : title;
}

function walk(by) {
  const links = [...document.querySelectorAll("a.request")];
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

keys({ j: () => walk(1), k: () => walk(-1) });
live(() => "/console/events", { queue: refresh, mentions: refresh });
document.body.addEventListener("htmx:afterSettle", countInTitle);
countInTitle();
