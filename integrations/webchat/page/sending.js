// What the owner has said and the server has not accepted yet: sent one at a time, in order, under the same id until
// the server says that it has it. Drawing is thread.js, keeping is memory.js.

import { putBack, returnFocus } from './composer.js';
import { pauseAfter, post, retryAfter, setTrouble, upload, WAY } from './connection.js';
import { needToken } from './conversation.js';
import { $, make, makeButton, makeWorded } from './elements.js';
import { exclusively, newId, unsent } from './memory.js';
import { findPicture, forgetPicture, keepPicture, LARGEST_BYTES, shrink } from './pictures.js';
import { keepAtEnd, scrollToEnd } from './reader.js';
import { drawUnsent, dropUnsent, hideTyping, markAccepted, showNote } from './thread.js';
import { say } from './words.js';

const LIMITED_PAUSE_MS = 5000; // when the server asks for less haste and does not say how much

let failures = 0;
let notBefore = 0; // a moment in ms
let limited = false; // the pause was asked for by the server
let timer = 0;
const progress = new Map(); // message id → how much of its picture has gone, in percent

/** Takes a message over: a text, or the payload of a button whose title is `label`. */
export function queue(label, payload) {
  unsent.add(payload ? { payload } : { text: label }, label);
  begin();
}

/** Takes a picture over, as the owner chose it. */
export async function queuePicture(file) {
  const id = newId();
  await keepPicture(id, await shrink(file));
  unsent.add({ picture: true }, '', id);
  begin();
}

function begin() {
  showUnsent();
  hideTyping();
  scrollToEnd();
  sendWaiting();
}

/** No more waiting, unless the server asked for it. */
export function sendNow() {
  if (!limited) notBefore = 0;
  sendWaiting();
}

export function sendWaiting() {
  return exclusively('hotline.sending', sendInTurn);
}

async function sendInTurn() {
  clearTimeout(timer);
  for (;;) {
    showUnsent();
    const item = unsent.all().find((candidate) => !candidate.refused);
    if (!item) {
      calm();
      return;
    }
    const pause = notBefore - Date.now();
    if (pause > 0) {
      timer = setTimeout(sendWaiting, pause);
      return;
    }
    settle(item, await attempt(item));
  }
}

/** One try; answers {kind: accepted | refused | later}. */
async function attempt(item) {
  const picture = item.body.picture ? await findPicture(item.id) : null;
  if (item.body.picture && !picture) return { kind: 'refused', detail: say('pictureGone') };
  if (picture && picture.size > LARGEST_BYTES) return { kind: 'refused', detail: say('pictureLarge') };
  const send = (token) => (picture
    ? upload(`${WAY.pictures}?id=${item.id}`, picture, token, (share) => showProgress(item.id, share))
    : post(WAY.messages, { id: item.id, ...item.body }, token));
  try {
    const token = await needToken();
    let response = await send(token);
    if (response.status === 401) response = await send(await needToken(token));
    return await judge(response, item.id);
  } catch (failure) {
    return { kind: 'later', wait: failure.retryAfter || 0 };
  }
}

async function judge(response, id) {
  const { status } = response;
  const answer = await response.json().catch(() => null);
  if (status === 202 && answer && answer.id === id) return { kind: 'accepted', seq: answer.seq };
  if (status === 429) return { kind: 'later', isLimit: true, wait: retryAfter(response) || LIMITED_PAUSE_MS };
  if (status >= 400 && status < 500 && ![401, 408, 425].includes(status)) {
    return { kind: 'refused', detail: answer && typeof answer.detail === 'string' ? answer.detail : '' };
  }
  // Anything else, a market Wi-Fi's log-in page included, is not our server's word: keep and try again.
  return { kind: 'later', wait: retryAfter(response) };
}

function settle(item, outcome) {
  const isOpen = unsent.has(item.id); // else the stream or another tab has settled it meanwhile
  if (isOpen && outcome.kind === 'later') {
    postpone(outcome);
    return;
  }
  calm();
  if (!isOpen) return;
  if (outcome.kind === 'refused') refuse(item, outcome.detail);
  else accept(item, outcome.seq);
}

function calm() {
  failures = 0;
  limited = false;
  setTrouble('sending', false);
}

function postpone({ isLimit = false, wait }) {
  limited = isLimit;
  if (!limited) {
    failures += 1;
    setTrouble('sending', true);
  }
  notBefore = Date.now() + Math.max(wait, limited ? 0 : pauseAfter(failures));
}

function accept(item, seq) {
  forget(item.id);
  markAccepted(item.id, seq);
}

function forget(id) {
  unsent.remove(id);
  progress.delete(id);
  forgetPicture(id);
}

function refuse(item, detail) {
  unsent.save({ ...item, refused: true, detail });
  showUnsent();
  keepAtEnd();
}

/** The stream brought an own message back: if its answer was lost on the way, that way is open again. */
export function confirmSent(id) {
  if (!unsent.has(id)) return;
  forget(id);
  sendNow();
}

/* ---- what is said about it under the message ---- */

export function showUnsent() {
  let isNext = true;
  unsent.all().forEach((item) => {
    const node = drawUnsent(item);
    if (item.refused) {
      showRefused(node, item);
      return;
    }
    showWaiting(node, isNext, progress.get(item.id));
    isNext = false;
  });
}

function showProgress(id, share) {
  progress.set(id, Math.round(share * 100));
  showUnsent();
}

function showWaiting(node, isNext, percent) {
  if (isNext && failures && !limited) {
    showNote(node, 'failed', makeWorded('span', '', 'failed'), ' ', makeButton('retry', 'retry', sendAgain));
    return;
  }
  const isSending = isNext && !limited && !failures;
  const parts = [makeWorded('span', '', limited || failures ? 'queued' : 'sending')];
  if (isSending && percent !== undefined) parts.push(` ${percent}%`);
  showNote(node, 'waiting', ...parts);
}

function sendAgain(event) {
  failures = 0;
  showUnsent();
  sendNow();
  returnFocus(event);
}

function showRefused(node, item) {
  const why = item.detail ? make('span', 'detail', item.detail) : makeWorded('span', 'detail', 'refusedWhy');
  const undo = makeButton('retry', item.body.text ? 'edit' : 'dismiss', () => takeBack(item));
  showNote(node, 'refused', makeWorded('b', '', 'refused'), ' ', why, ' ', undo);
}

/** A refused text goes back into the composer. */
function takeBack(item) {
  forget(item.id);
  dropUnsent(item.id);
  if (item.body.text) putBack(item.body.text);
  $('message').focus();
}
