// Where the owner writes: the box, its height, its limit, its draft.
// It sends nothing itself: a finished text goes to the function it was started with.

import { $ } from './elements.js';
import { KEY, tabShelf } from './memory.js';
import { say } from './words.js';

const LONGEST_TEXT = 4096; // characters (code points), the server's limit
const COUNT_FROM = 3686; // nine tenths

const isTouch = () => window.matchMedia('(hover: none) and (pointer: coarse)').matches;

/** Restores the draft and listens; `send(text)` is called with each finished message, `sendPicture(file)` with each
    chosen picture. */
export function startComposer(send, sendPicture) {
  const box = $('message');
  box.value = tabShelf.read(KEY.draft) || '';
  const submit = (event) => {
    event.preventDefault();
    if ($('send').disabled) return;
    const text = box.value.trim();
    write('');
    send(text);
    box.focus();
  };
  $('composer').addEventListener('submit', submit);
  box.addEventListener('keydown', (event) => { if (isFinished(event)) submit(event); });
  box.addEventListener('input', () => write(box.value));
  $('photo').addEventListener('click', () => $('picture').click());
  $('picture').addEventListener('change', (event) => {
    const [file] = event.target.files;
    event.target.value = ''; // the same picture may be chosen once more
    if (file) sendPicture(file);
  });
  // Keeps a phone's keyboard open when "send" is tapped.
  $('send').addEventListener('pointerdown', (event) => event.preventDefault());
}

/** Enter sends, except on a phone's keyboard and while an input method is still composing a letter. */
function isFinished(event) {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229 && !isTouch();
}

function write(text) {
  if ($('message').value !== text) $('message').value = text; // setting it moves the cursor to the end
  tabShelf.write(KEY.draft, text);
  measure();
}

/** Puts a text in front of what is being written, so that nothing has to be typed twice. */
export function putBack(text) {
  const box = $('message');
  write(box.value.trim() ? `${text}\n${box.value}` : text);
}

/** After a button was pressed. On a phone the focus stays away: its keyboard would cover the answer. */
export function returnFocus(event) {
  if (event.detail === 0 || !isTouch()) $('message').focus({ preventScroll: true });
}

/** Fits the height, the button and the counter to the text, and to the language that is on. */
export function measure() {
  const box = $('message');
  const length = [...box.value].length;
  box.style.height = 'auto';
  box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
  $('send').disabled = !box.value.trim() || length > LONGEST_TEXT;
  showCount(length);
}

/** Shown near the limit only. Text over it is kept and can be shortened: cutting it silently would lose words. */
function showCount(length) {
  const counter = $('counter');
  const over = length - LONGEST_TEXT;
  counter.hidden = length < COUNT_FROM;
  counter.classList.toggle('over', over > 0);
  counter.textContent = over > 0 ? say('over')(over) : `${length}/${LONGEST_TEXT}`;
  if (counter.hidden) counter.textContent = '';
  $('message').setAttribute('aria-invalid', String(over > 0));
}
