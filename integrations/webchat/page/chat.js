// The owner's chat page begins here: what is pressed, and what the browser tells, is led to the module it concerns.
// It decides nothing about the conversation: order, wording and buttons come from the server.

import { measure, returnFocus, startComposer } from './composer.js';
import { checkConnection } from './connection.js';
import { enterNewest, token, whenEntered } from './conversation.js';
import { $, translate } from './elements.js';
import { KEY } from './memory.js';
import { PERSON } from './message.js';
import { keepAtEnd, markSeen, scrollToEnd, showNewest, showTitle, watchScroll } from './reader.js';
import { queue, queuePicture, sendNow, sendWaiting, showUnsent } from './sending.js';
import { checkStream, followAnew, freshenStream, openStream, restartStream } from './stream.js';
import { dropUnsent, endPast, unansweredText } from './thread.js';
import { switchLanguage } from './words.js';

const STREAM_CHECKED_EVERY_MS = 5000;

function showProvince() {
  const province = document.querySelector('meta[name="hotline-province"]').content.trim();
  if (!province || province.includes('{{')) return;
  document.querySelectorAll('[data-province]').forEach((node) => {
    node.textContent = province;
    node.hidden = false;
  });
}

function showLanguage() {
  translate();
  showTitle();
  measure();
}

/* ---- what is pressed ---- */

/** A choice under an answer, or an example question: those have no payload. */
function choose(event) {
  const choice = event.target.closest('.choice');
  if (!choice) return;
  queue(choice.textContent, choice.dataset.payload);
  returnFocus(event);
}

function askForPerson(event) {
  if (unansweredText() === PERSON.title) scrollToEnd(); // a second press would only be a second message
  else queue(PERSON.title, PERSON.payload);
  returnFocus(event);
}

function goToNewest(event) {
  showNewest();
  returnFocus(event);
}

/* ---- what the browser tells ---- */

function wake() {
  checkConnection();
  restartStream();
  sendNow();
}

function lookAgain() {
  if (document.hidden) return;
  markSeen();
  freshenStream();
  sendNow();
}

function hearOtherTab(event) {
  if (event.key && event.key.startsWith(KEY.unsent)) {
    if (event.newValue) showUnsent();
    // Sent by the other tab (then the stream brings it back) or taken back into its composer.
    else dropUnsent(event.key.slice(KEY.unsent.length));
  }
  if (event.key === KEY.token) enterNewest(); // not the event's: a tab may have written once more since
}

function listen() {
  $('scroll').addEventListener('click', choose);
  $('person').addEventListener('click', askForPerson);
  $('newer').addEventListener('click', goToNewest);
  $('language').addEventListener('click', () => {
    switchLanguage();
    showLanguage();
  });
  $('scroll').addEventListener('scroll', watchScroll, { passive: true });
  $('log').addEventListener('load', keepAtEnd, true); // a picture has come, and takes its height
  if (window.ResizeObserver) new ResizeObserver(keepAtEnd).observe($('scroll'));
  document.addEventListener('visibilitychange', lookAgain);
  window.addEventListener('online', wake);
  window.addEventListener('offline', checkConnection);
  window.addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
  window.addEventListener('storage', hearOtherTab);
  whenEntered(followAnew);
  setInterval(checkStream, STREAM_CHECKED_EVERY_MS);
}

function begin() {
  $('stuck').hidden = true;
  ['language', 'strip', 'bottom'].forEach((id) => { $(id).hidden = false; });
  showProvince();
  startComposer(queue, queuePicture);
  showLanguage();
  listen();
  showUnsent();
  if (!token) endPast();
  openStream();
  sendWaiting();
}

begin();
