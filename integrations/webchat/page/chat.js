// The owner's chat page: draws the conversation, keeps what is not sent yet, follows the stream of events.
// It decides nothing about the conversation: order, wording and buttons come from the server.
// One file and one request on purpose: the page is opened on slow phones.

const WAY = { conversations: '/webchat/conversations', messages: '/webchat/messages', events: '/webchat/events' };
const LONGEST_TEXT = 2000; // characters (code points), the server's limit
const COUNT_FROM = 1800;
const ANSWER_WAIT_MS = 10000; // how long "answering" is shown
const REQUEST_LIMIT_MS = 20000;
const SILENCE_LIMIT_MS = 40000; // the server's heartbeat comes every 15 s
const FRESH_MS = 20000; // a stream heard within this time is alive when the page is looked at again
const CONNECT_PATIENCE_MS = 8000; // a slow phone network is not yet a lost one
const TROUBLE_SHOWN_AFTER_MS = 1200; // a stream that reopens at once is nobody's concern
const LONGEST_PAUSE_MS = 30000;
const LONGEST_RETRY_AFTER_MS = 600000;
const TIME_ZONE = 'Asia/Ho_Chi_Minh';
const PERSON = { payload: '/request_person', title: 'Gặp cán bộ' };

/* ---- the page's own words ---- */

const WORDS = {
  vi: {
    stuck: 'Trang tải chưa xong. Cô/bác tải lại trang, hoặc mở bằng trình duyệt khác giúp em ạ.',
    skip: 'Tới ô nhập tin nhắn',
    name: 'Hotline chuyển đổi số',
    assistant: 'Trợ lý ảo trả lời, có cán bộ khi cần.',
    person: 'Gặp cán bộ',
    conversation: 'Nội dung trò chuyện',
    welcome: 'Em chào cô/bác ạ!',
    intro: 'Em là trợ lý ảo, trả lời câu hỏi về chương trình chuyển đổi số cho hộ kinh doanh. Cô/bác cứ viết như nói chuyện, không dấu cũng được ạ.',
    safety: 'Em không bao giờ hỏi mật khẩu, mã OTP hay số thẻ ngân hàng.',
    examples: 'Cô/bác có thể hỏi:',
    typing: 'Em đang trả lời',
    newer: 'Tin mới',
    compose: 'Viết tin nhắn',
    message: 'Tin nhắn',
    placeholder: 'Viết câu hỏi ở đây',
    send: 'Gửi',
    offline: 'Mất kết nối, đang thử lại… Tin nhắn của cô/bác vẫn được giữ.',
    sending: 'Đang gửi…',
    sent: 'Đã gửi',
    queued: 'Đang chờ gửi…',
    failed: 'Chưa gửi được, đang tự thử lại.',
    retry: 'Gửi lại',
    refused: 'Không gửi được.',
    refusedWhy: 'Tin này không gửi được, cô/bác xem lại giúp em ạ.',
    edit: 'Sửa lại',
    dismiss: 'Bỏ tin này',
    bot: 'Trợ lý ảo',
    officer: 'Cán bộ',
    owner: 'Cô/bác',
    sources: 'Nguồn',
    newTab: ' (mở trang mới)',
    picture: 'Hình kèm tin nhắn',
    seePicture: 'Xem hình',
    pressed: '(đã bấm một lựa chọn)',
    renewed: 'Cuộc trò chuyện trước đã đóng, đây là cuộc trò chuyện mới.',
    over: (extra) => `Dài quá ${extra} ký tự, cô/bác viết ngắn lại giúp em ạ.`,
  },
  en: {
    stuck: 'The page is not complete. Please reload it or use another browser.',
    skip: 'Skip to the message box',
    name: 'Digital transformation hotline',
    assistant: 'A virtual assistant answers; an officer can help.',
    person: 'Talk to an officer',
    conversation: 'Conversation',
    welcome: 'Hello!',
    intro: 'I am a virtual assistant for questions about the digital transformation programme for household businesses. I answer in Vietnamese; write freely, with or without accents.',
    safety: 'I never ask for passwords, one-time codes or bank card numbers.',
    examples: 'You can ask, for example:',
    typing: 'Answering',
    newer: 'New message',
    compose: 'Write a message',
    message: 'Message',
    placeholder: 'Your question',
    send: 'Send',
    offline: 'Connection lost, trying again… Your messages are kept.',
    sending: 'Sending…',
    sent: 'Sent',
    queued: 'Waiting to be sent…',
    failed: 'Not sent yet, trying again.',
    retry: 'Send again',
    refused: 'Could not be sent.',
    refusedWhy: 'This message could not be sent, please check it.',
    edit: 'Edit',
    dismiss: 'Remove',
    bot: 'Virtual assistant',
    officer: 'Officer',
    owner: 'You',
    sources: 'Sources',
    newTab: ' (opens a new page)',
    picture: 'Picture with the message',
    seePicture: 'See the picture',
    pressed: '(pressed a choice)',
    renewed: 'The previous conversation is closed, this is a new one.',
    over: (extra) => `${extra} characters too long, please shorten it.`,
  },
};

/* ---- what the browser remembers ---- */

/** localStorage, or plain memory where the browser refuses it (private window, storage full). */
function openShelf() {
  const memory = new Map();
  const stored = (act) => {
    try {
      return act(window.localStorage);
    } catch {
      return null;
    }
  };
  return {
    read: (key) => (memory.has(key) ? memory.get(key) : stored((storage) => storage.getItem(key))),
    write(key, value) {
      memory.delete(key);
      if (stored((storage) => storage.setItem(key, value) === undefined) === null) memory.set(key, value);
    },
    remove(key) {
      memory.delete(key);
      stored((storage) => storage.removeItem(key));
    },
    keys: () => [...new Set([...memory.keys(), ...(stored((storage) => Object.keys(storage)) || [])])],
  };
}

const shelf = openShelf();
const KEY = { token: 'hotline.token', language: 'hotline.language', unsent: 'hotline.unsent.' };

/** Messages the server has not accepted yet, oldest first; one key each, so that no tab overwrites another's. */
const unsent = {
  all() {
    return shelf.keys().filter((key) => key.startsWith(KEY.unsent)).map(readUnsent).filter(Boolean)
      .sort((a, b) => a.order - b.order);
  },
  save(item) { shelf.write(KEY.unsent + item.id, JSON.stringify(item)); },
  has(id) { return shelf.read(KEY.unsent + id) !== null; },
  remove(id) { shelf.remove(KEY.unsent + id); },
  nextOrder() { return Math.max(Date.now(), 1 + unsent.all().reduce((last, item) => Math.max(last, item.order), 0)); },
};

function readUnsent(key) {
  try {
    const item = JSON.parse(shelf.read(key));
    return item && item.id && item.body ? item : null;
  } catch {
    return null;
  }
}

/** A random UUID (version 4); crypto.randomUUID is missing on pages that are not https. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const turns = new Map();

/**
 * Runs `act` alone among all tabs where the browser can (https only), else alone in this tab; two tabs that then
 * send the same message do no harm, since it keeps its id.
 */
function exclusively(name, act) {
  if (navigator.locks) return navigator.locks.request(name, act);
  const turn = (turns.get(name) || Promise.resolve()).then(act, act);
  turns.set(name, turn);
  return turn;
}

/* ---- the state of this tab ---- */

const $ = (id) => document.getElementById(id);

const state = {
  language: shelf.read(KEY.language) === 'en' ? 'en' : 'vi',
  token: shelf.read(KEY.token),
  lastSeq: 0, // the highest number seen on the stream
  lastOut: { seq: 0, by: 'bot' },
  live: false, // false while the past is being drawn
  following: true, // the reader was at the newest message when the page last scrolled
  own: new Map(), // message id → node of an own message
  drawn: new Map(), // seq → node
  titles: new Map([[PERSON.payload, PERSON.title]]), // payload → what its button said
  lastSent: null,
  unseen: 0,
};

const sending = { busy: false, again: false, failures: 0, staleToken: null, notBefore: 0, limited: false, timer: 0 };
const stream = { controller: null, open: false, heard: 0, failures: 0, renewals: 0, timer: 0, patience: 0 };
const trouble = { stream: false, sending: false, timer: 0 };

/* ---- small pieces of page ---- */

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** An element whose text is the page's own and follows the language switch. */
function makeWorded(tag, className, word) {
  const node = make(tag, className);
  setWord(node, word);
  return node;
}

function setWord(node, word) {
  node.dataset.words = word;
  node.textContent = WORDS[state.language][word];
  node.lang = state.language;
}

function makeButton(className, word, act) {
  const button = word ? makeWorded('button', className, word) : make('button', className);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

function makeTime(at) {
  const node = make('time');
  node.dateTime = at;
  node.textContent = clockTime(at);
  return node;
}

function makeFormats(locale) {
  const format = (options) => new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, ...options });
  return {
    time: format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
    day: format({ weekday: 'long', day: 'numeric', month: 'numeric', year: 'numeric' }),
  };
}

const FORMATS = { vi: makeFormats('vi-VN'), en: makeFormats('en-GB') };

/** A moment in words ("14:05"; "Thứ Hai, 23/11/2026"), empty when there is none. */
function inWords(format, at) {
  const moment = new Date(at || NaN);
  return Number.isNaN(moment.getTime()) ? '' : FORMATS[state.language][format].format(moment);
}

const clockTime = (at) => inWords('time', at);
const dayName = (at) => inWords('day', at);

/* ---- language ---- */

function translate() {
  const words = WORDS[state.language];
  document.documentElement.lang = state.language;
  document.querySelectorAll('[data-words]').forEach((node) => setWord(node, node.dataset.words));
  document.querySelectorAll('[data-words-label]').forEach((node) => {
    node.setAttribute('aria-label', words[node.dataset.wordsLabel]);
  });
  document.querySelectorAll('[data-words-placeholder]').forEach((node) => {
    node.placeholder = words[node.dataset.wordsPlaceholder];
  });
  document.querySelectorAll('.message time').forEach((node) => { node.textContent = clockTime(node.dateTime); });
  document.querySelectorAll('.day').forEach((node) => { node.textContent = dayName(node.dataset.at); });
  const other = state.language === 'vi' ? 'en' : 'vi';
  $('language').lang = other;
  $('language').textContent = other === 'en' ? 'English' : 'Tiếng Việt';
  showTitle();
  measure();
}

function switchLanguage() {
  state.language = state.language === 'vi' ? 'en' : 'vi';
  shelf.write(KEY.language, state.language);
  translate();
}

function showProvince() {
  const province = document.querySelector('meta[name="hotline-province"]').content.trim();
  if (!province || province.includes('{{')) return;
  document.querySelectorAll('[data-province]').forEach((node) => {
    node.textContent = province;
    node.hidden = false;
  });
}

function showTitle() {
  const waiting = state.unseen ? `(${state.unseen}) ` : '';
  document.title = waiting + WORDS[state.language].name;
}

/* ---- text that others wrote: only text nodes and checked links, never markup ---- */

// Stops at space, quotes, angle brackets and direction marks: a mark inside an address could disguise it.
const ADDRESS = /https:\/\/[^\s<>"'`“”«»\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;

function trimAddress(address) {
  let trimmed = address;
  const count = (mark) => trimmed.split(mark).length;
  while (/[.,;:!?…)\]}*_~]$/u.test(trimmed)) {
    if (trimmed.endsWith(')') && count('(') >= count(')')) break;
    trimmed = trimmed.slice(0, -1);
  }
  return trimmed;
}

/** The address if it is plain https without a user name ("https://rdx.gov.vn@elsewhere"), else null. */
function safeAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' && !url.username && !url.password && url.hostname.includes('.') ? url.href : null;
  } catch {
    return null;
  }
}

function makeLink(href, text) {
  const link = make('a', '', text);
  link.href = href;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.append(makeWorded('span', 'unseen', 'newTab'));
  return link;
}

function fillText(node, text) {
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    const href = safeAddress(address);
    if (!href) continue;
    node.append(text.slice(done, match.index), makeLink(href, address));
    done = match.index + address.length;
  }
  node.append(text.slice(done));
}

/* ---- parts of a message ---- */

function makeSources(sources) {
  const details = make('details', 'sources');
  const summary = make('summary');
  summary.append(makeWorded('span', '', 'sources'));
  if (sources.length > 1) summary.append(` (${sources.length})`);
  const list = make('ul');
  sources.forEach((source) => list.append(makeSource(source)));
  details.append(summary, list);
  return details;
}

function makeSource(source) {
  const item = make('li', 'source');
  const title = String(source.document || '');
  const href = source.url ? safeAddress(String(source.url)) : null;
  item.append(href ? makeLink(href, title || href) : title);
  if (source.article) item.append(`, ${source.article}`);
  return item;
}

function isOwnAddress(address) {
  try {
    return new URL(address, location.href).origin === location.origin;
  } catch {
    return false;
  }
}

/** The page may only show pictures of its own server (or inline ones); any other becomes a link. */
function makePicture(address) {
  if (!isOwnAddress(address) && !address.startsWith('data:image/')) return makePictureLink(address);
  const picture = make('img', 'picture');
  picture.alt = WORDS[state.language].picture;
  picture.addEventListener('load', () => { if (state.following) scrollToEnd(); });
  picture.src = address;
  return picture;
}

function makePictureLink(address) {
  const href = safeAddress(address);
  const link = href ? makeLink(href, '') : make('span');
  link.prepend(makeWorded('span', '', href ? 'seePicture' : 'picture'));
  return link;
}

function makeChoices(buttons) {
  const row = make('div', 'buttons');
  buttons.forEach(({ title, payload }) => {
    const choice = makeButton('choice', '', (event) => choose(event, String(title), payload));
    choice.textContent = String(title);
    choice.disabled = true; // refreshChoices opens the ones that may be used
    row.append(choice);
    if (payload) state.titles.set(payload, String(title));
  });
  return row;
}

function choose(event, title, payload) {
  queue(payload ? { payload } : { text: title }, title);
  returnFocus(event);
}

/* ---- messages ---- */

function makeMessage(kind, by, at, text) {
  const node = make('div', `message ${kind}`);
  node.dataset.by = by;
  if (at) node.dataset.at = at;
  const bubble = make('div', 'bubble');
  const body = make('div', 'text');
  fillText(body, text);
  bubble.append(body);
  node.append(bubble);
  return node;
}

/** What an own message says: the title of the pressed button where the server repeats the payload. */
function ownText(message) {
  return state.titles.get(message.text) || message.text || WORDS[state.language].pressed;
}

function makeOwn(message) {
  const node = makeMessage('own', 'owner', message.at, ownText(message));
  node.prepend(makeWorded('span', 'unseen', 'owner'));
  const note = make('div', 'note');
  note.setAttribute('aria-live', 'off'); // "sending", "sent" are not worth an interruption
  node.append(note);
  if (message.id) {
    node.dataset.id = message.id;
    state.own.set(message.id, node);
  }
  return node;
}

function makeAnswer(message) {
  const by = message.by === 'officer' ? 'officer' : 'bot';
  const node = makeMessage(`out ${by}`, by, message.at, String(message.text || ''));
  const who = make('p', 'who');
  who.append(makeWorded('b', '', by));
  if (clockTime(message.at)) who.append(' · ', makeTime(message.at));
  node.prepend(who);
  const bubble = node.querySelector('.bubble');
  if (message.image) bubble.append(makePicture(String(message.image)));
  if (Array.isArray(message.sources) && message.sources.length) bubble.append(makeSources(message.sources));
  if (Array.isArray(message.buttons) && message.buttons.length) node.append(makeChoices(message.buttons));
  return node;
}

/** Puts a message in the server's order; what has no number yet stays at the end. */
function place(node, seq) {
  if (seq) {
    node.dataset.seq = seq;
    state.drawn.set(seq, node);
  }
  let before = null;
  for (let last = $('log').lastElementChild; last; last = last.previousElementSibling) {
    if (last === node) continue;
    if (last.dataset.closed || !comesAfter(last, seq)) break;
    before = last;
  }
  if (node.parentNode !== $('log') || node.nextElementSibling !== before) $('log').insertBefore(node, before);
  dress(node);
  if (node.nextElementSibling) dress(node.nextElementSibling);
}

function comesAfter(node, seq) {
  const own = Number(node.dataset.seq) || Infinity;
  return own > (seq || Infinity);
}

/** The day above the first message of a day, the sender above the first of several. */
function dress(node) {
  if (!node.classList.contains('message')) return;
  const before = node.previousElementSibling;
  const day = dayName(node.dataset.at);
  const newDay = day !== '' && day !== (before ? dayName(before.dataset.at) : '');
  const shown = node.querySelector('.day');
  if (shown) shown.remove();
  if (newDay) {
    const line = make('p', 'day', day);
    line.dataset.at = node.dataset.at;
    node.prepend(line);
  }
  const first = newDay || !before || before.dataset.by !== node.dataset.by;
  node.classList.toggle('first', first);
  const who = node.querySelector('.who');
  if (who) who.classList.toggle('unseen', !first);
}

/* ---- the state of an own message ---- */

/** Writes the line under an own message; the same line twice is left alone, so that a focused button stays. */
function showNote(node, status, line, ...parts) {
  const shown = `${status} ${line} ${node.dataset.at}`;
  if (node.dataset.note === shown) return;
  node.dataset.note = shown;
  node.dataset.state = status;
  node.classList.toggle('troubled', status === 'failed' || status === 'refused');
  const note = node.querySelector('.note');
  note.textContent = '';
  note.append(...parts);
}

function showSent(node) {
  const last = state.lastSent;
  const isLast = !last || Number(node.dataset.seq) >= Number(last.dataset.seq);
  if (last && isLast && last !== node) showSentLine(last, false);
  if (isLast) state.lastSent = node;
  showSentLine(node, isLast);
}

/** Only the newest own message says "sent"; older ones keep their time. */
function showSentLine(node, isLast) {
  const parts = clockTime(node.dataset.at) ? [makeTime(node.dataset.at)] : [];
  if (isLast) parts.push(parts.length ? ' · ' : '', makeWorded('span', '', 'sent'));
  showNote(node, 'sent', isLast ? 'last' : 'older', ...parts);
}

function showUnsent() {
  unsent.all().forEach(drawUnsent);
  unsent.all().filter((item) => !item.refused)
    .forEach((item, index) => showWaiting(state.own.get(item.id), index === 0));
}

function showWaiting(node, isNext) {
  if (isNext && sending.failures && !sending.limited) {
    showNote(node, 'failed', 'failed', makeWorded('span', '', 'failed'), ' ', makeButton('retry', 'retry', sendAgain));
    return;
  }
  const word = sending.limited || sending.failures ? 'queued' : 'sending';
  showNote(node, 'waiting', word, makeWorded('span', '', word));
}

function showRefused(node, item) {
  const why = item.detail ? make('span', 'detail', item.detail) : makeWorded('span', 'detail', 'refusedWhy');
  why.lang = item.detail ? 'vi' : state.language;
  const undo = makeButton('retry', item.body.text ? 'edit' : 'dismiss', () => takeBack(item));
  showNote(node, 'refused', 'refused', makeWorded('b', '', 'refused'), ' ', why, ' ', undo);
}

/** A refused message goes back into the composer, so that nothing has to be typed twice. */
function takeBack(item) {
  unsent.remove(item.id);
  forget(item.id);
  const box = $('message');
  if (item.body.text) box.value = box.value.trim() ? `${item.body.text}\n${box.value}` : item.body.text;
  keepDraft();
  measure();
  refresh();
  box.focus();
}

function forget(id) {
  const node = state.own.get(id);
  state.own.delete(id);
  if (!node) return;
  const next = node.nextElementSibling;
  node.remove();
  if (next) dress(next);
}

function drawUnsent(item) {
  if (state.own.has(item.id)) return;
  const node = makeOwn({ id: item.id, text: item.label, at: null });
  place(node, null);
  if (item.refused) showRefused(node, item);
  markChosen(node, item.label);
}

/* ---- after every change ---- */

function refresh() {
  refreshChoices();
  $('examples').hidden = !state.live || $('log').childElementCount > 0;
}

/** Only the newest choices that nothing was answered to can be pressed. */
function refreshChoices() {
  $('log').querySelectorAll('.choice:enabled').forEach((choice) => { choice.disabled = true; });
  for (let node = $('log').lastElementChild; node && !node.dataset.closed; node = node.previousElementSibling) {
    if (node.classList.contains('own') && !isRefused(node)) return;
    const choices = node.querySelectorAll('.choice');
    if (choices.length) {
      choices.forEach((choice) => { choice.disabled = false; });
      return;
    }
  }
}

function isRefused(node) {
  return node.dataset.state === 'refused';
}

function markChosen(node, text) {
  let above = node.previousElementSibling;
  let pressed = null;
  while (!pressed && above && above.classList.contains('out')) {
    pressed = [...above.querySelectorAll('.choice')].find((choice) => choice.textContent === text);
    above = above.previousElementSibling;
  }
  if (pressed) pressed.classList.add('chosen');
}

/* ---- scrolling ---- */

/** To the newest message; a page without any is read from its greeting. */
function scrollToEnd() {
  if ($('log').childElementCount) $('scroll').scrollTop = $('scroll').scrollHeight;
}

/** Brings the beginning of a new answer into view; a long one is read from its first line. */
function scrollToStart(node) {
  const box = $('scroll');
  const top = node.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
  box.scrollTop = Math.min(box.scrollHeight - box.clientHeight, top - 8);
}

function isAtEnd() {
  const box = $('scroll');
  return box.scrollHeight - box.clientHeight - box.scrollTop < 80;
}

function watchScroll() {
  state.following = isAtEnd();
  if (state.following) $('newer').hidden = true;
}

function showNewest() {
  $('newer').hidden = true;
  scrollToEnd();
  if (!isTouch()) $('message').focus();
}

/* ---- "answering" ---- */

let typingTimer = 0;

function showTyping(seq) {
  // After an officer has written, the next answer is a person's and may take a while.
  if (!state.live || state.lastOut.seq > seq || state.lastOut.by === 'officer') return;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(hideTyping, ANSWER_WAIT_MS);
  $('typing').hidden = false;
  if (state.following) scrollToEnd();
}

function hideTyping() {
  clearTimeout(typingTimer);
  $('typing').hidden = true;
}

/* ---- messages from the stream ---- */

function receive(message) {
  if (!Number.isInteger(message.seq)) return;
  state.lastSeq = Math.max(state.lastSeq, message.seq);
  if (message.direction === 'in') receiveOwn(message);
  else if (!state.drawn.has(message.seq)) receiveAnswer(message);
  if (state.live) refresh();
}

function receiveOwn(message) {
  const known = (message.id && state.own.get(message.id)) || state.drawn.get(message.seq);
  const wasUnsent = Boolean(message.id) && unsent.has(message.id);
  const following = isAtEnd();
  const node = known || makeOwn(message);
  if (message.at) node.dataset.at = message.at;
  accepted(message.id, node, message.seq);
  markChosen(node, ownText(message));
  if (state.live && !known && following) scrollToEnd();
  if (wasUnsent) sendNow(); // its answer was lost on the way, and the way is open again
}

function receiveAnswer(message) {
  const following = isAtEnd();
  const node = makeAnswer(message);
  place(node, message.seq);
  state.lastOut = { seq: message.seq, by: message.by };
  hideTyping();
  if (!state.live) return;
  if (following) scrollToStart(node);
  else $('newer').hidden = false;
  if (document.hidden) {
    state.unseen += 1;
    showTitle();
  }
}

/** The server has this own message: by its answer or by the stream, whichever comes first. */
function accepted(id, node, seq) {
  const isNews = node.dataset.state !== 'sent';
  if (id) unsent.remove(id);
  place(node, seq);
  showSent(node);
  if (isNews) showTyping(seq);
}

/* ---- sending: one at a time, in order, the same id until the server says it has it ---- */

function queue(body, label) {
  const item = { id: newId(), body, label, order: unsent.nextOrder() };
  unsent.save(item);
  drawUnsent(item);
  showUnsent();
  refresh();
  hideTyping();
  scrollToEnd();
  pump();
}

async function pump() {
  if (sending.busy) {
    sending.again = true;
    return;
  }
  sending.busy = true;
  sending.again = false;
  clearTimeout(sending.timer);
  try {
    await exclusively('hotline.sending', sendWaiting);
  } finally {
    sending.busy = false;
    showUnsent();
    refresh();
  }
  if (sending.again) pump();
}

async function sendWaiting() {
  for (;;) {
    const item = unsent.all().find((candidate) => !candidate.refused);
    if (!item) {
      calm();
      return;
    }
    const pause = sending.notBefore - Date.now();
    if (pause > 0) {
      sending.timer = setTimeout(pump, pause);
      return;
    }
    showUnsent();
    settle(item, await attempt(item));
  }
}

/** One try; answers {kind: accepted | stranger | refused | later}. */
async function attempt(item) {
  try {
    const token = await conversation(sending.staleToken);
    const response = await post(WAY.messages, { id: item.id, ...item.body }, token);
    return response.status === 401 ? { kind: 'stranger', token } : await judge(response, item.id);
  } catch (failure) {
    return { kind: 'later', wait: failure.retryAfter || 0 };
  }
}

async function judge(response, id) {
  const answer = await response.json().catch(() => null);
  if (response.status === 202 && answer && answer.id === id) return { kind: 'accepted', seq: answer.seq };
  if (response.status === 429) return { kind: 'later', limited: true, wait: retryAfter(response) || 5000 };
  const final = response.status >= 400 && response.status < 500 && ![408, 425].includes(response.status);
  if (final) return { kind: 'refused', detail: answer && typeof answer.detail === 'string' ? answer.detail : '' };
  // Anything else, a market Wi-Fi's log-in page included, is not our server's word: keep and try again.
  return { kind: 'later', wait: retryAfter(response) };
}

function settle(item, outcome) {
  if (!unsent.has(item.id)) calm(); // the stream or another tab has settled it meanwhile
  else if (outcome.kind === 'stranger' && !sending.staleToken) sending.staleToken = outcome.token; // once more at once
  else if (outcome.kind === 'later' || outcome.kind === 'stranger') postpone(outcome);
  else {
    calm();
    if (outcome.kind === 'refused') refuse(item, outcome.detail);
    else accepted(item.id, state.own.get(item.id), outcome.seq);
    refresh();
  }
}

function calm() {
  Object.assign(sending, { staleToken: null, failures: 0, limited: false });
  setTrouble('sending', false);
}

function postpone({ limited = false, wait = 0 }) {
  sending.staleToken = null;
  sending.limited = limited;
  if (!limited) {
    sending.failures += 1;
    setTrouble('sending', true);
  }
  sending.notBefore = Date.now() + Math.max(wait, limited ? 0 : pauseAfter(sending.failures));
}

function refuse(item, detail) {
  const refused = { ...item, refused: true, detail };
  unsent.save(refused);
  drawUnsent(refused);
  showRefused(state.own.get(item.id), refused);
  if (state.following) scrollToEnd();
}

/** No more waiting, unless the server asked for it. */
function sendNow() {
  if (!sending.limited) sending.notBefore = 0;
  pump();
}

function sendAgain(event) {
  sending.failures = 0;
  showUnsent();
  sendNow();
  returnFocus(event);
}

/** 1 s, 2 s, 4 s … 30 s, a little apart for everybody so that a restarted server is not stormed. */
function pauseAfter(failures) {
  return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}

function retryAfter(response) {
  const value = response.headers.get('Retry-After');
  if (!value) return 0;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1000), LONGEST_RETRY_AFTER_MS) : 0;
}

async function post(address, body, token) {
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

/* ---- the conversation: made when the first message is sent, not when somebody only looks ---- */

/** The token to use; a new conversation when there is none or the server no longer knows `stale`. */
function conversation(stale) {
  return exclusively('hotline.conversation', async () => {
    const known = shelf.read(KEY.token);
    const token = known && known !== stale ? known : await newConversation();
    if (token !== state.token) enter(token);
    return token;
  });
}

async function newConversation() {
  const response = await post(WAY.conversations, {});
  const answer = await response.json().catch(() => null);
  if (response.status !== 201 || !answer || typeof answer.token !== 'string') {
    throw Object.assign(new Error('no conversation'), { retryAfter: retryAfter(response) });
  }
  shelf.write(KEY.token, answer.token);
  return answer.token;
}

/** Starts to follow another conversation; what was said before stays readable above a line. */
function enter(token) {
  const hadOne = state.drawn.size > 0;
  state.token = token;
  state.lastSeq = 0;
  state.lastOut = { seq: 0, by: 'bot' };
  state.lastSent = null;
  state.drawn.clear();
  if (hadOne) closePast();
  stream.renewals += 1;
  openStream();
}

function closePast() {
  const line = makeWorded('p', 'divider', 'renewed');
  line.dataset.closed = 'yes';
  $('log').append(line);
  [...state.own].forEach(([id, node]) => {
    if (unsent.has(id)) $('log').append(node);
    else state.own.delete(id);
  });
  refresh();
}

/* ---- the stream of events ---- */

// Read with fetch instead of EventSource: EventSource hides the status (401 or a network failure?) and the
// heartbeat comments, and both are needed to tell a dead connection from a quiet one.

function openStream() {
  clearTimeout(stream.timer);
  clearTimeout(stream.patience);
  stream.timer = 0;
  if (stream.controller) stream.controller.abort();
  stream.open = false;
  if (!state.token) return;
  stream.controller = new AbortController();
  stream.heard = Date.now();
  stream.patience = setTimeout(() => setTrouble('stream', true), CONNECT_PATIENCE_MS);
  follow(stream.controller);
}

async function follow(controller) {
  const isCurrent = () => stream.controller === controller;
  let wait = 0;
  try {
    const response = await fetch(`${WAY.events}?after=${state.lastSeq}`, {
      headers: { Accept: 'text/event-stream' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: controller.signal,
    });
    if (!isCurrent()) return;
    // Counted, since a browser that keeps no cookie would otherwise make conversations for ever.
    if ([401, 403].includes(response.status) && stream.renewals < 3) {
      await conversation(state.token);
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

function reopenLater(wait) {
  stream.open = false;
  clearTimeout(stream.patience);
  stream.failures += 1;
  setTrouble('stream', true);
  clearTimeout(stream.timer);
  stream.timer = setTimeout(openStream, Math.max(wait, pauseAfter(stream.failures)));
}

async function readEvents(reader, isCurrent) {
  const decoder = new TextDecoder();
  const parse = eventParser(handleEvent);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || !isCurrent()) return;
    stream.heard = Date.now();
    parse(decoder.decode(value, { stream: true }));
  }
}

/** Splits the text/event-stream format; `handle(name, data)` is called for each complete event. */
function eventParser(handle) {
  let rest = '';
  let name = '';
  let data = [];
  const readLine = (line) => {
    if (line === '') {
      if (data.length || name) handle(name || 'message', data.join('\n'));
      name = '';
      data = [];
    } else if (line.startsWith('event:')) name = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  };
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach((line) => readLine(line.replace(/\r$/, '')));
  };
}

function handleEvent(name, data) {
  if (name === 'ready') becomeLive();
  if (name !== 'message') return;
  try {
    receive(JSON.parse(data));
  } catch {
    // One event that cannot be read must not cost the owner the rest of the conversation.
  }
}

function becomeLive() {
  stream.open = true;
  stream.failures = 0;
  stream.renewals = 0;
  clearTimeout(stream.patience);
  setTrouble('stream', false);
  const isFirst = !state.live;
  state.live = true;
  refresh();
  if (!isFirst) return;
  $('log').removeAttribute('aria-busy');
  scrollToEnd();
}

/** Looks whether the connection has silently died; a phone that slept finds out here. */
function checkStream(limit) {
  if (state.token && !stream.timer && Date.now() - stream.heard > limit) openStream();
}

function wake() {
  stream.failures = 0;
  setTrouble('stream', trouble.stream);
  openStream();
  sendNow();
}

function lookAgain() {
  if (document.hidden) return;
  state.unseen = 0;
  showTitle();
  if (stream.open) checkStream(FRESH_MS);
  else openStream();
  sendNow();
}

/* ---- the line that says the connection is lost ---- */

function setTrouble(where, isThere) {
  trouble[where] = isThere;
  if (trouble.stream || trouble.sending || navigator.onLine === false) {
    if (!trouble.timer) trouble.timer = setTimeout(() => showTrouble(true), TROUBLE_SHOWN_AFTER_MS);
    return;
  }
  clearTimeout(trouble.timer);
  trouble.timer = 0;
  showTrouble(false);
}

function showTrouble(isThere) {
  const line = $('connection');
  if (Boolean(line.textContent) === isThere) return;
  line.textContent = '';
  if (isThere) line.append(makeWorded('span', '', 'offline'));
}

/* ---- the composer ---- */

const isTouch = () => window.matchMedia('(hover: none) and (pointer: coarse)').matches;

function measure() {
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
  counter.textContent = over > 0 ? WORDS[state.language].over(over) : `${length}/${LONGEST_TEXT}`;
  if (counter.hidden) counter.textContent = '';
  $('message').setAttribute('aria-invalid', String(over > 0));
}

function submit(event) {
  event.preventDefault();
  const box = $('message');
  if ($('send').disabled) return;
  const text = box.value.trim();
  box.value = '';
  keepDraft();
  measure();
  queue({ text }, text);
  box.focus();
}

/** Enter sends, except on a phone's keyboard and while an input method is still composing a letter. */
function pressKey(event) {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229 || isTouch()) return;
  submit(event);
}

/** A half-written message outlives a reload; only in this tab, only until it is closed. */
function keepDraft() {
  try {
    window.sessionStorage.setItem('hotline.draft', $('message').value);
  } catch {
    // A browser that stores nothing still lets the owner write.
  }
}

function restoreDraft() {
  try {
    $('message').value = window.sessionStorage.getItem('hotline.draft') || '';
  } catch {
    $('message').value = '';
  }
}

/** On a phone the focus stays away from the composer: its keyboard would cover the answer. */
function returnFocus(event) {
  if (event.detail === 0 || !isTouch()) $('message').focus({ preventScroll: true });
}

function askForPerson(event) {
  const last = $('log').lastElementChild;
  const isOwn = last && last.classList.contains('own') && !isRefused(last);
  const isAsked = isOwn && last.querySelector('.text').textContent === PERSON.title;
  if (isAsked) scrollToEnd(); // a second press before the answer would only be a second message
  else queue({ payload: PERSON.payload }, PERSON.title);
  returnFocus(event);
}

function askExample(event) {
  const text = event.currentTarget.textContent;
  queue({ text }, text);
  returnFocus(event);
}

/* ---- other tabs of the same browser ---- */

function hearOtherTab(event) {
  const isUnsent = event.key && event.key.startsWith(KEY.unsent);
  if (isUnsent && event.newValue) showUnsent();
  if (isUnsent && !event.newValue) hearAccepted(event.key.slice(KEY.unsent.length));
  const token = shelf.read(KEY.token); // not the event's: a tab may have written once more since
  if (event.key === KEY.token && token && token !== state.token) enter(token);
  refresh();
}

/** Another tab sent it (the stream will say so) or took it back into its composer. */
function hearAccepted(id) {
  const node = state.own.get(id);
  if (!node || node.dataset.seq) return;
  if (node.dataset.state !== 'sent') forget(id); // the stream brings it back if it was sent
}

/* ---- beginning ---- */

function listen() {
  $('composer').addEventListener('submit', submit);
  $('message').addEventListener('keydown', pressKey);
  $('message').addEventListener('input', () => { measure(); keepDraft(); });
  // Keeps a phone's keyboard open when "send" is tapped.
  $('send').addEventListener('pointerdown', (event) => event.preventDefault());
  $('language').addEventListener('click', switchLanguage);
  $('person').addEventListener('click', askForPerson);
  $('newer').addEventListener('click', showNewest);
  $('scroll').addEventListener('scroll', watchScroll, { passive: true });
  document.querySelectorAll('.example').forEach((example) => example.addEventListener('click', askExample));
  document.addEventListener('visibilitychange', lookAgain);
  window.addEventListener('online', wake);
  window.addEventListener('offline', () => setTrouble('stream', trouble.stream));
  window.addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
  window.addEventListener('storage', hearOtherTab);
  if (window.ResizeObserver) new ResizeObserver(() => { if (state.following) scrollToEnd(); }).observe($('scroll'));
  setInterval(() => checkStream(SILENCE_LIMIT_MS), 5000);
}

function begin() {
  $('stuck').hidden = true;
  ['language', 'strip', 'bottom'].forEach((id) => { $(id).hidden = false; });
  showProvince();
  restoreDraft();
  translate();
  listen();
  state.live = !state.token;
  if (state.token) $('log').setAttribute('aria-busy', 'true');
  showUnsent();
  refresh();
  openStream();
  pump();
}

begin();
