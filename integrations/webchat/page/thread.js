// What both sides said, in the server's order: days, senders, the note under an own message, the choices still open.
// How one message looks is message.js; what is sent and when is sending.js.

import { $, make, makeTime, makeWorded } from './elements.js';
import { makeAnswer, makeOwn, ownText } from './message.js';
import { findPicture } from './pictures.js';
import { isAtEnd, keepAtEnd, present, scrollToEnd } from './reader.js';
import { clockTime, dayName } from './words.js';

const ANSWER_WAIT_MS = 10000; // how long "answering" is shown

// Of the conversation that is going on; what was said before a closing line is only text.
const drawn = new Map(); // seq → element
const own = new Map(); // message id → element of an own message
let lastSent = null;
let lastAnswer = { seq: 0, by: 'bot' };

let typingTimer = 0;

/** False while the past is being drawn: nothing can be pressed yet, and nothing scrolls. */
const isLive = () => !$('log').hasAttribute('aria-busy');

/** The past is complete. */
export function endPast() {
  if (isLive()) return;
  $('log').removeAttribute('aria-busy');
  refresh();
  scrollToEnd();
}

/** Another conversation begins; what was said before stays readable above a line, what is unsent moves below it. */
export function closePast() {
  const hadOne = drawn.size > 0;
  drawn.clear();
  lastSent = null;
  lastAnswer = { seq: 0, by: 'bot' };
  if (!hadOne) return;
  $('log').append(makeWorded('p', 'divider', 'renewed'));
  own.forEach((node, id) => {
    if (node.dataset.state === 'sent') own.delete(id);
    else $('log').append(node);
  });
  refresh();
}

/* ---- messages come and go ---- */

/** An answer from the stream. */
export function drawAnswer(message) {
  if (drawn.has(message.seq)) return;
  const wasAtEnd = isAtEnd();
  const node = makeAnswer(message);
  place(node, message.seq);
  lastAnswer = { seq: message.seq, by: message.by };
  hideTyping();
  if (isLive()) present(node, wasAtEnd);
}

/** An own message from the stream: one of this tab's, or said elsewhere or earlier. */
export function drawOwn(message) {
  const known = own.get(message.id) || drawn.get(message.seq);
  const wasAtEnd = isAtEnd();
  const node = known || addOwn(message);
  if (message.at) node.dataset.at = message.at;
  showAccepted(node, message.seq);
  markChosen(node, ownText(message));
  if (isLive() && !known && wasAtEnd) scrollToEnd();
}

/** A message that is not sent yet; answers its element. */
export function drawUnsent(item) {
  if (own.has(item.id)) return own.get(item.id);
  const pictures = item.body.picture ? [findPicture(item.id)] : [];
  const node = addOwn({ id: item.id, text: item.label, pictures });
  place(node, null);
  markChosen(node, item.label);
  return node;
}

function addOwn(message) {
  const node = makeOwn(message);
  if (message.id) own.set(message.id, node);
  return node;
}

/** The server has accepted a message that was drawn as unsent. */
export function markAccepted(id, seq) {
  showAccepted(own.get(id), seq);
}

function showAccepted(node, seq) {
  const isNews = node.dataset.state !== 'sent';
  place(node, seq);
  showSent(node);
  if (isNews) showTyping(seq);
}

/** Takes an unsent message out; one that was accepted stays. */
export function dropUnsent(id) {
  const node = own.get(id);
  if (!node || node.dataset.state === 'sent') return;
  const next = node.nextElementSibling;
  own.delete(id);
  node.remove();
  if (next) dress(next);
  refresh();
}

/** What the owner said last, if nothing was answered to it yet; else ''. */
export function unansweredText() {
  const last = $('log').lastElementChild;
  return last && isSaid(last) ? last.querySelector('.text').textContent : '';
}

const isSaid = (node) => node.classList.contains('own') && node.dataset.state !== 'refused';
const isDivider = (node) => node.classList.contains('divider');

/* ---- order ---- */

/** Puts a message in the server's order; what has no number yet stays at the end. */
function place(node, seq) {
  if (seq) {
    node.dataset.seq = seq;
    drawn.set(seq, node);
  }
  let before = null;
  for (let other = $('log').lastElementChild; other; other = other.previousElementSibling) {
    if (other === node) continue;
    if (isDivider(other) || seqOf(other) <= seqOf(node)) break;
    before = other;
  }
  // Moved only if it must: moving takes the focus away and has a screen reader repeat it.
  if (node.parentNode !== $('log') || node.nextElementSibling !== before) $('log').insertBefore(node, before);
  dress(node);
  if (before) dress(before);
  refresh();
}

const seqOf = (node) => Number(node.dataset.seq) || Infinity;

/** The day above the first message of a day, the sender above the first of several. */
function dress(node) {
  if (isDivider(node)) return;
  const before = node.previousElementSibling;
  const day = dayName(node.dataset.at);
  const isNewDay = day !== '' && day !== (before ? dayName(before.dataset.at) : '');
  const shown = node.querySelector('.day');
  if (shown) shown.remove();
  if (isNewDay) {
    const line = make('p', 'day', day);
    line.dataset.at = node.dataset.at;
    node.prepend(line);
  }
  const isFirst = isNewDay || !before || before.dataset.by !== node.dataset.by;
  node.classList.toggle('first', isFirst);
  const who = node.querySelector('.who');
  if (who) who.classList.toggle('unseen', !isFirst);
}

/* ---- the note under an own message ---- */

/**
 * Writes the note: `status` is waiting, failed, refused or sent, `parts` are texts and elements. The same note twice
 * is left alone, so that a focused button stays.
 */
export function showNote(node, status, ...parts) {
  const note = node.querySelector('.note');
  const line = document.createDocumentFragment();
  line.append(...parts);
  if (node.dataset.state === status && note.textContent === line.textContent) return;
  node.dataset.state = status;
  node.classList.toggle('troubled', status === 'failed' || status === 'refused');
  note.textContent = '';
  note.append(line);
  refresh();
}

/** Only the newest own message says "sent"; older ones keep their time. */
function showSent(node) {
  const last = lastSent;
  if (!last || seqOf(node) >= seqOf(last)) lastSent = node;
  if (last && last !== lastSent) writeSent(last);
  writeSent(node);
}

function writeSent(node) {
  const parts = clockTime(node.dataset.at) ? [makeTime(node.dataset.at)] : [];
  if (node === lastSent) parts.push(parts.length ? ' · ' : '', makeWorded('span', '', 'sent'));
  showNote(node, 'sent', ...parts);
}

/* ---- choices ---- */

/** After every change: which choices can be pressed, and whether the example questions are of use. */
function refresh() {
  if (!isLive()) return;
  refreshChoices();
  $('examples').hidden = $('log').childElementCount > 0;
}

/** Only the newest choices that nothing was answered to can be pressed. */
function refreshChoices() {
  $('log').querySelectorAll('.choice:enabled').forEach((choice) => { choice.disabled = true; });
  for (let node = $('log').lastElementChild; node; node = node.previousElementSibling) {
    if (isDivider(node) || isSaid(node)) return;
    const choices = node.querySelectorAll('.choice');
    choices.forEach((choice) => { choice.disabled = false; });
    if (choices.length) return;
  }
}

/** Marks the choice that an own message repeats, among those offered right above it. */
function markChosen(node, text) {
  let above = node.previousElementSibling;
  let pressed = null;
  while (!pressed && above && above.classList.contains('out')) {
    pressed = [...above.querySelectorAll('.choice')].find((choice) => choice.textContent === text);
    above = above.previousElementSibling;
  }
  if (pressed) pressed.classList.add('chosen');
}

/* ---- "answering" ---- */

function showTyping(seq) {
  // After an officer has written, the next answer is a person's and may take a while.
  if (!isLive() || lastAnswer.seq > seq || lastAnswer.by === 'officer') return;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(hideTyping, ANSWER_WAIT_MS);
  $('typing').hidden = false;
  keepAtEnd();
}

export function hideTyping() {
  clearTimeout(typingTimer);
  $('typing').hidden = true;
}
