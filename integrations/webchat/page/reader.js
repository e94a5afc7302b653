// Where the reader is: at the newest message or further up, looking at this page or at another.
// It decides what is brought into view, and how else a new answer makes itself known.

import { $ } from './elements.js';
import { say } from './words.js';

const NEAR_END_PX = 80;

let following = true; // the reader was at the newest message when the page last scrolled
let unseen = 0; // answers that came while the page was hidden

export function isAtEnd() {
  const box = $('scroll');
  return box.scrollHeight - box.clientHeight - box.scrollTop < NEAR_END_PX;
}

export function watchScroll() {
  following = isAtEnd();
  if (following) $('newer').hidden = true;
}

/** To the newest message; a page without any is read from its greeting. */
export function scrollToEnd() {
  if ($('log').childElementCount) $('scroll').scrollTop = $('scroll').scrollHeight;
}

/** After the page has grown or shrunk: who was at the newest message stays there. */
export function keepAtEnd() {
  if (following) scrollToEnd();
}

/** Makes a new answer known, without moving what is being read; `wasAtEnd` is from before it was drawn. */
export function present(node, wasAtEnd) {
  if (wasAtEnd) scrollToStart(node);
  else $('newer').hidden = false;
  if (document.hidden) unseen += 1;
  showTitle();
}

/** Brings the beginning of a new answer into view; a long one is read from its first line. */
function scrollToStart(node) {
  const box = $('scroll');
  const top = node.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  box.scrollTop = Math.min(box.scrollHeight - box.clientHeight, top - 8);
}

export function showNewest() {
  $('newer').hidden = true;
  scrollToEnd();
}

export function markSeen() {
  unseen = 0;
  showTitle();
}

export function showTitle() {
  document.title = (unseen ? `(${unseen}) ` : '') + say('name');
}
