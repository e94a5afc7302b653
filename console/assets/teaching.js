// The pages of teaching: j and k walk through the list, / looks for a meaning, b goes back.

import { keys } from "./keys.js";

function walk(by) {
  const links = [...document.querySelectorAll("a.request")];
  const at = links.indexOf(document.activeElement);
  links[Math.min(links.length - 1, Math.max(0, at + by))]?.focus();
}

keys({ j: () => walk(1), k: () => walk(-1) });
