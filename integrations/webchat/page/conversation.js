// Which conversation this tab is in. It is begun when the first message is sent, not when somebody only looks, and
// replaced when the server no longer knows it. What was said in it is thread.js.

import { post, retryAfter, WAY } from './connection.js';
import { exclusively, KEY, shelf } from './memory.js';

/** What authorises messages; null before the first one. */
export let token = shelf.read(KEY.token);

let tellEntered = () => {};

/** `act` is called whenever this tab has entered another conversation. */
export function whenEntered(act) {
  tellEntered = act;
}

/**
 * The token to use, of a new conversation when there is none or the server no longer knows `stale`.
 * Rejects when none could be begun; the error may have `retryAfter` in milliseconds.
 */
export function needToken(stale) {
  return exclusively('hotline.conversation', async () => {
    const known = shelf.read(KEY.token);
    if (!known || known === stale) await beginConversation();
    enterNewest();
    return token;
  });
}

async function beginConversation() {
  const response = await post(WAY.conversations, {});
  const answer = await response.json().catch(() => null);
  if (response.status !== 201 || !answer || typeof answer.token !== 'string') {
    throw Object.assign(new Error('no conversation'), { retryAfter: retryAfter(response) });
  }
  shelf.write(KEY.token, answer.token);
}

/** Enters the conversation that this tab or another one has begun last. */
export function enterNewest() {
  const newest = shelf.read(KEY.token);
  if (!newest || newest === token) return;
  token = newest;
  tellEntered();
}
