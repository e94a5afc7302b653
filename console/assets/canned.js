// Ready replies in the answer's box: "/" and a shortcut opens the list, arrows choose, Enter or Tab puts the text in.

const SHORTCUT = /(?:^|\s)\/([\p{L}\d-]*)$/u;

export function canned(box, list, address) {
  let asked = 0;
  let chosen = 0;

  const options = () => [...list.querySelectorAll('[role="option"]')];

  function hide() {
    list.hidden = true;
    list.replaceChildren();
    box.removeAttribute("aria-activedescendant");
  }

  function mark() {
    options().forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    const now = options()[chosen];
    now?.scrollIntoView({ block: "nearest" });
    if (now) box.setAttribute("aria-activedescendant", now.id);
  }

  async function look() {
    const mine = ++asked; // whatever was asked before is out of date, also where nothing is asked now
    const typed = box.value.slice(0, box.selectionStart).match(SHORTCUT);
    if (!typed) return hide();
    const answer = await fetch(`${address}/canned?q=${encodeURIComponent(typed[1])}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok || mine !== asked) return;
    list.innerHTML = await answer.text();
    chosen = 0;
    list.hidden = options().length === 0;
    mark();
  }

  function put(option) {
    const before = box.value.slice(0, box.selectionStart).replace(SHORTCUT, (found) => (found.startsWith("/") ? "" : found[0]));
    box.setRangeText(before + option.dataset.text, 0, box.selectionStart, "end");
    hide();
    box.focus();
    box.dispatchEvent(new Event("input"));
    const gap = box.value.match(/\{\w+\}/);
    if (gap) box.setSelectionRange(gap.index, gap.index + gap[0].length);
  }

  box.addEventListener("input", look);
  box.addEventListener("blur", () => setTimeout(hide, 200));
  box.addEventListener("keydown", (event) => {
    if (list.hidden || event.ctrlKey) return;
    const count = options().length;
    if (event.key === "ArrowDown") chosen = (chosen + 1) % count;
    else if (event.key === "ArrowUp") chosen = (chosen + count - 1) % count;
    else if (event.key === "Enter" || event.key === "Tab") put(options()[chosen]);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  });
  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest('[role="option"]');
    if (!option) return;
    event.preventDefault();
    put(option);
  });
}
