// Elements of the page: found, made, and put into the language that is on.
// What they mean is the business of those who make them.

import { clockTime, dayName, language, say } from './words.js';

export const $ = (id) => document.getElementById(id);

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/** An element whose text is the page's own and follows the language switch. */
export function makeWorded(tag, className, word) {
  const node = make(tag, className);
  setWord(node, word);
  return node;
}

function setWord(node, word) {
  node.dataset.words = word;
  node.textContent = say(word);
  node.lang = language;
}

export function makeButton(className, word, act) {
  const button = makeWorded('button', className, word);
  button.type = 'button';
  button.addEventListener('click', act);
  return button;
}

export function makeTime(at) {
  const node = make('time', '', clockTime(at));
  node.dateTime = at;
  return node;
}

/** Puts everything that is the page's own into the language that is on. */
export function translate() {
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
  document.documentElement.lang = language;
  each('[data-words]', (node) => setWord(node, node.dataset.words));
  each('[data-words-label]', (node) => node.setAttribute('aria-label', say(node.dataset.wordsLabel)));
  each('[data-words-placeholder]', (node) => { node.placeholder = say(node.dataset.wordsPlaceholder); });
  each('.message time', (node) => { node.textContent = clockTime(node.dateTime); });
  each('.day', (node) => { node.textContent = dayName(node.dataset.at); });
  $('language').lang = language === 'vi' ? 'en' : 'vi';
  $('language').textContent = say('otherLanguage');
}
