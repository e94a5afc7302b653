// Keyboard: a letter presses, opens or focuses what carries it as data-key, unless somebody is writing.

const WRITING = "input, textarea, select, [contenteditable]";

/** `others`: further keys of the page, each a function. */
export function keys(others = {}) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest(WRITING)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    const act = others[event.key] ?? usual[event.key] ?? byKey(event.key);
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

const usual = {
  "?": () => document.getElementById("keys")?.showModal(),
  "/": () => (location.href = "/console/search"),
};

function byKey(key) {
  if (!/^[a-z]$/.test(key)) return null;
  const found = document.querySelector(`[data-key="${key}"]`);
  if (!found) return null;
  if (found.matches("textarea, input")) {
    return () => {
      found.closest("details")?.setAttribute("open", "");
      found.focus();
    };
  }
  if (found.matches("details")) {
    return () => {
      found.open = true;
      found.querySelector("select, input, button")?.focus();
    };
  }
  return () => found.click();
}
