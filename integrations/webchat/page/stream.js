// Follows what the server says, opens the stream again when it ends or falls silent, and hands each message on.
// Read with fetch instead of EventSource: EventSource hides the status (401 or a network failure?) and the heartbeat
// comments, and both are needed to tell a dead connection from a quiet one.

import { authorised, pauseAfter, retryAfter, setTrouble, WAY } from './connection.js';
import { needToken, token } from './conversation.js';
import { confirmSent } from './sending.js';
import { closePast, drawAnswer, drawOwn, endPast } from './thread.js';

const SILENCE_LIMIT_MS = 40000; // the server's heartbeat comes every 15 s
const FRESH_MS = 20000; // a stream heard within this time is alive when the page is looked at again
const CONNECT_PATIENCE_MS = 8000; // a slow phone network is not yet a lost one
// A server that refused the stream of every new conversation would otherwise be asked for new ones for ever.
const MOST_RENEWALS = 3;

let controller = null;
let isOpen = false; // the past has been read and nothing has ended since
let heard = 0; // the moment of the last bytes, in ms
let lastSeq = 0;
let failures = 0;
let renewals = 0; // conversations entered since a stream was last open
let reopenTimer = 0;
let patienceTimer = 0;

export function openStream() {
  clearTimeout(reopenTimer);
  clearTimeout(patienceTimer);
  reopenTimer = 0;
  if (controller) controller.abort();
  isOpen = false;
  if (!token) return;
  controller = new AbortController();
  heard = Date.now();
  patienceTimer = setTimeout(() => setTrouble('stream', true), CONNECT_PATIENCE_MS);
  follow(controller);
}

/** This tab has entered another conversation. */
export function followAnew() {
  lastSeq = 0;
  renewals += 1;
  closePast();
  openStream();
}

/** The network is back: what was open is not to be trusted. */
export function restartStream() {
  failures = 0;
  openStream();
}

/** Somebody looks at the page again: a phone that slept finds out here that its stream is dead. */
export function freshenStream() {
  if (!isOpen) openStream();
  else reopenIfSilent(FRESH_MS);
}

/** Looks whether the connection has silently died. */
export function checkStream() {
  reopenIfSilent(SILENCE_LIMIT_MS);
}

function reopenIfSilent(limit) {
  if (token && !reopenTimer && Date.now() - heard > limit) openStream();
}

function reopenLater(wait) {
  isOpen = false;
  failures += 1;
  setTrouble('stream', true);
  clearTimeout(patienceTimer);
  clearTimeout(reopenTimer);
  reopenTimer = setTimeout(openStream, Math.max(wait, pauseAfter(failures)));
}

async function follow(mine) {
  const isCurrent = () => controller === mine;
  let wait = 0;
  try {
    const response = await fetch(`${WAY.events}?after=${lastSeq}`, {
      headers: { Accept: 'text/event-stream', ...authorised(token) },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: mine.signal,
    });
    if (!isCurrent()) return;
    if ([401, 403].includes(response.status) && renewals < MOST_RENEWALS) {
      await needToken(token);
      return;
    }
    wait = retryAfter(response);
    const isStream = response.ok && (response.headers.get('Content-Type') || '').startsWith('text/event-stream');
    if (isStream) await readEvents(response.body.getReader(), isCurrent);
  } catch (failure) {
    wait = failure.retryAfter || 0;
  }
  if (isCurrent()) reopenLater(wait);
}

async function readEvents(reader, isCurrent) {
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done || !isCurrent()) return;
    heard = Date.now();
    const events = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    text = events.pop(); // not complete yet
    events.forEach(handleEvent);
  }
}

/** `event` is its lines, "name: value" each. */
function handleEvent(event) {
  const lines = event.split(/\r?\n/);
  const valueOf = (name) => lines.filter((line) => line.startsWith(`${name}:`))
    .map((line) => line.slice(name.length + 1).trim()).join('\n');
  if (valueOf('event') === 'ready') becomeOpen();
  if (valueOf('event') !== 'message') return;
  try {
    receive(JSON.parse(valueOf('data')));
  } catch {
    // One event that cannot be read must not cost the owner the rest of the conversation.
  }
}

function becomeOpen() {
  isOpen = true;
  failures = 0;
  renewals = 0;
  clearTimeout(patienceTimer);
  setTrouble('stream', false);
  endPast();
}

function receive(message) {
  if (!Number.isInteger(message.seq)) return;
  lastSeq = Math.max(lastSeq, message.seq);
  if (message.direction !== 'in') {
    drawAnswer(message);
    return;
  }
  drawOwn(message);
  confirmSent(message.id);
}
