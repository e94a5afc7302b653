// One message as an element: its text, picture, file, sources and choices.
// What others wrote becomes text nodes and checked links, never markup. Where a message stands is not known here.

import { make, makeTime, makeWorded } from './elements.js';
import { fetchPicture } from './pictures.js';
import { clockTime, say } from './words.js';

export const PERSON = { payload: '/request_person', title: 'Gặp cán bộ' };

const ANSWER_WRONG = '/answer_wrong'; // an aside beside the choices, not one of them

const titles = new Map([[PERSON.payload, PERSON.title]]); // payload → what its button said

/** `by` is owner, bot or officer; `at` an ISO 8601 moment or nothing. */
function makeMessage(kind, by, at, text) {
  const node = make('div', `message ${kind}`);
  node.dataset.by = by;
  if (at) node.dataset.at = at;
  const bubble = make('div', 'bubble');
  bubble.append(makeText(text));
  node.append(bubble);
  return node;
}

/** `message.pictures` are addresses, or promises of pictures that are not sent yet. */
export function makeOwn(message) {
  const node = makeMessage('own', 'owner', message.at, ownText(message));
  (message.pictures || []).forEach((picture) => node.querySelector('.bubble').append(makeOwnPicture(picture)));
  node.prepend(makeWorded('span', 'unseen', 'owner'));
  const note = make('div', 'note');
  note.setAttribute('aria-live', 'off'); // "sending", "sent" are not worth an interruption
  node.append(note);
  return node;
}

/** What an own message says: the title of the pressed button where the server repeats the payload. */
export function ownText(message) {
  const isPicture = message.pictures && message.pictures.length;
  return titles.get(message.text) || message.text || (isPicture ? '' : say('pressed'));
}

export function makeAnswer(message) {
  const by = message.by === 'officer' ? 'officer' : 'bot';
  const node = makeMessage(`out ${by}`, by, message.at, String(message.text || ''));
  const who = make('p', 'who');
  who.append(makeWorded('b', '', by));
  if (clockTime(message.at)) who.append(' · ', makeTime(message.at));
  node.prepend(who);
  const bubble = node.querySelector('.bubble');
  if (message.image) bubble.append(makePicture(String(message.image)));
  if (message.file) bubble.append(makeFile(message.file));
  if (Array.isArray(message.sources) && message.sources.length) bubble.append(makeSources(message.sources));
  if (Array.isArray(message.buttons) && message.buttons.length) node.append(makeChoices(message.buttons));
  return node;
}

function makeChoices(buttons) {
  const row = make('div', 'buttons');
  buttons.forEach(({ title, payload }) => {
    const choice = make('button', payload === ANSWER_WRONG ? 'choice aside' : 'choice', String(title));
    choice.type = 'button';
    choice.disabled = true; // opened when it turns out to be the newest
    if (payload) {
      choice.dataset.payload = payload;
      titles.set(payload, String(title));
    }
    row.append(choice);
  });
  return row;
}

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

/** The page may only show pictures of its own server (or inline ones); any other becomes a link. */
function makePicture(address) {
  if (!isOwnAddress(address) && !address.startsWith('data:image/')) return makePictureLink(address);
  const picture = make('img', 'picture');
  picture.alt = say('picture');
  picture.src = address;
  return picture;
}

/** Nobody may see it but its owner: it is fetched with the token, not by its address alone. */
function makeOwnPicture(picture) {
  const frame = make('img', 'picture');
  frame.alt = say('ownPicture');
  const show = (blob) => {
    if (!blob) throw new Error('gone');
    const address = URL.createObjectURL(blob);
    frame.addEventListener('load', () => URL.revokeObjectURL(address), { once: true });
    frame.src = address;
  };
  const loading = typeof picture === 'string' ? fetchPicture(picture) : picture;
  loading.then(show).catch(() => frame.replaceWith(makeWorded('p', 'missing', 'pictureMissing')));
  return frame;
}

function isOwnAddress(address) {
  try {
    return new URL(address, location.href).origin === location.origin;
  } catch {
    return false;
  }
}

/** Something to keep: only of our own server. */
function makeFile({ url, title }) {
  if (!isOwnAddress(String(url))) return make('span');
  const link = make('a', 'file', String(title || url));
  link.href = String(url);
  link.target = '_blank';
  link.rel = 'noopener';
  link.append(makeWorded('span', 'unseen', 'newTab'));
  return link;
}

function makePictureLink(address) {
  const href = safeAddress(address);
  const link = href ? makeLink(href, '') : make('span');
  link.prepend(makeWorded('span', '', href ? 'seePicture' : 'picture'));
  return link;
}

// Stops at space, quotes, angle brackets and direction marks: a mark inside an address could disguise it.
const ADDRESS = /https:\/\/[^\s<>"'`“”«»\u200e\u200f\u202a-\u202e\u2066-\u2069]+/giu;

function makeText(text) {
  const node = make('div', 'text');
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimAddress(match[0]);
    const href = safeAddress(address);
    if (!href) continue;
    node.append(text.slice(done, match.index), makeLink(href, address));
    done = match.index + address.length;
  }
  node.append(text.slice(done));
  return node;
}

/** Without the marks that end a sentence; a closing bracket stays when the address opened it. */
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
