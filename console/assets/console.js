// What every page of the console does: changes carry the session's token, failures are said aloud, and signing out in
// the middle of something loses nothing that was typed. What a page does besides is a module of its own.

const notices = document.getElementById("notices");

/** Say something in the corner that screen readers read too; it goes by itself after a while. */
export function tell(words, kind = "done") {
  const note = document.createElement("p");
  note.className = `notice ${kind}`;
  note.textContent = words;
  notices.append(note);
  setTimeout(() => note.remove(), kind === "problem" ? 15000 : 5000);
}

// Whoever signs out leaves nothing of what owners are told on this machine; the server has the drafts.
document.body.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") !== "/console/logout") return;
  const drafts = Object.keys(localStorage).filter((name) => name.startsWith("hotline draft "));
  drafts.forEach((name) => localStorage.removeItem(name));
});

/** The token that every change must bring along. */
export function csrf() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf();
});

document.body.addEventListener("htmx:responseError", (event) => {
  const answer = event.detail.xhr;
  if (answer.status === 401) return signedOut();
  const parsed = new DOMParser().parseFromString(answer.responseText, "text/html");
  tell(parsed.querySelector(".problem")?.textContent.trim() || document.body.dataset.failed, "problem");
});

document.body.addEventListener("htmx:sendError", () => tell(document.body.dataset.failed, "problem"));

/** The session is over: say so once, with the way to sign in beside this page. */
export function signedOut() {
  if (document.getElementById("signed-out")) return;
  const note = document.createElement("p");
  note.id = "signed-out";
  note.className = "notice problem";
  const link = document.createElement("a");
  link.href = "/console/login?next=" + encodeURIComponent(location.pathname + location.search);
  link.textContent = document.body.dataset.signedOut;
  note.append(link);
  notices.append(note);
}
