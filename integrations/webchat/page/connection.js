// The way to the server: one request, how long to wait after a failure, and the line that says the connection is lost.
// What is asked, and what an answer means, is known to those who ask.

import { $, makeWorded } from './elements.js';

const isEmbedded = new URLSearchParams(location.search).get('embed') === '1';

export const WAY = {
  conversations: `/webchat/conversations${isEmbedded ? '?embed=1' : ''}`,
  messages: '/webchat/messages',
  pictures: '/webchat/attachments',
  events: '/webchat/events',
};

const REQUEST_LIMIT_MS = 20000;
const UPLOAD_LIMIT_MS = 120000;
const LONGEST_PAUSE_MS = 30000;
const LONGEST_RETRY_AFTER_MS = 600000;
const TROUBLE_SHOWN_AFTER_MS = 1200; // a stream that reopens at once is nobody's concern

/** The headers that say who is asking: also inside other sites' pages, where browsers keep cookies back. */
export function authorised(token) {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** The response, whatever its status; rejects when there is none within REQUEST_LIMIT_MS. */
export async function post(address, body, token) {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json', ...authorised(token) };
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

/** The same for a file, telling how much of it has gone (0 to 1): fetch does not tell. */
export function upload(address, file, token, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.timeout = UPLOAD_LIMIT_MS;
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Accept', 'application/json');
    Object.entries(authorised(token)).forEach(([name, value]) => request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => { if (event.lengthComputable) tell(event.loaded / event.total); };
    request.onload = () => resolve(asResponse(request));
    request.onerror = () => reject(new Error('no answer'));
    request.ontimeout = request.onerror;
    request.onabort = request.onerror;
    request.send(file);
  });
}

function asResponse(request) {
  const wait = request.getResponseHeader('Retry-After');
  return new Response(request.responseText || null, {
    status: request.status,
    headers: wait ? { 'Retry-After': wait } : {},
  });
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
