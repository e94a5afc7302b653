// The way to the server: one request, how long to wait after a failure, and the line that says the connection is lost.
// What is asked, and what an answer means, is known to those who ask.

import { $, makeWorded } from './elements.js';

export const WAY = {
  conversations: '/webchat/conversations',
  messages: '/webchat/messages',
  events: '/webchat/events',
};

const REQUEST_LIMIT_MS = 20000;
const LONGEST_PAUSE_MS = 30000;
const LONGEST_RETRY_AFTER_MS = 600000;
const TROUBLE_SHOWN_AFTER_MS = 1200; // a stream that reopens at once is nobody's concern

/** The response, whatever its status; rejects when there is none within REQUEST_LIMIT_MS. */
export async function post(address, body, token) {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  if (token) headers.Authorization = `Bearer ${token}`;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), REQUEST_LIMIT_MS);
  try {
    return await fetch(address, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      credentials: 'same-origin',
      redirect: 'error',
      signal: limit.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** In milliseconds: 1 s, 2 s, 4 s … 30 s, a little apart for everybody so that a restarted server is not stormed. */
export function pauseAfter(failures) {
  return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}

/** What the server asked for, in milliseconds; 0 when it asked for nothing. */
export function retryAfter(response) {
  const value = response.headers.get('Retry-After');
  if (!value) return 0;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1000), LONGEST_RETRY_AFTER_MS) : 0;
}

const troubled = { stream: false, sending: false };
let troubleTimer = 0;

export function setTrouble(where, isThere) {
  troubled[where] = isThere;
  checkConnection();
}

/** Says that the connection is lost, after a moment, or no longer says so, at once. */
export function checkConnection() {
  if (troubled.stream || troubled.sending || navigator.onLine === false) {
    if (!troubleTimer) troubleTimer = setTimeout(() => showTrouble(true), TROUBLE_SHOWN_AFTER_MS);
    return;
  }
  clearTimeout(troubleTimer);
  troubleTimer = 0;
  showTrouble(false);
}

function showTrouble(isThere) {
  const line = $('connection');
  if (Boolean(line.textContent) === isThere) return; // writing it again would have it read out again
  line.textContent = '';
  if (isThere) line.append(makeWorded('span', '', 'offline'));
}
