// The phone's screen: the chat of one person with the account, and everything this person can send.

import { act, get } from './api.js';
import { bubble } from './bubble.js';
import { button, byId, day, el } from './elements.js';

const thread = byId('thread');
const list = byId('lines');
const words = byId('words');

export class Chat {
  constructor(abilities) {
    this.abilities = abilities;
    this.person = null;
    this.lines = new Map();
    this.fillMenus();
    this.listenToTheComposer();
  }

  /** Show another person's phone. */
  async open(person) {
    this.person = person;
    this.lines.clear();
    list.replaceChildren();
    thread.scrollTop = 0;
    await this.refresh();
  }

  /** Show what stands in the chat now; a message that is as it was stays in place, so that its recording plays on. */
  async refresh() {
    const id = this.person;
    if (!id) return;
    const said = await get(`people/${encodeURIComponent(id)}`);
    if (!said || id !== this.person) return;
    byId('status').textContent = [said.name, said.status].filter(Boolean).join(' · ');
    const lines = said.chat.flatMap((message, place) => this.line(message, said.chat[place - 1]));
    if (!lines.length) lines.push(el('p', { className: 'hint', textContent: `Chưa có tin nào với ${this.abilities.account}.` }));
    const shown = [...list.childNodes];
    const same = shown.findIndex((node, place) => node !== lines[place]);
    for (const node of same < 0 ? [] : shown.slice(same)) node.remove();
    list.append(...lines.slice(same < 0 ? shown.length : same));
  }

  line(message, before) {
    const state = JSON.stringify(message);
    const known = this.lines.get(message.number);
    if (known?.state === state) return known.nodes;
    const nodes = [bubble(message, this.abilities.ticks || {}, (action, fields) => this.do(action, fields))];
    const today = day(message.at);
    if (!before || day(before.at) !== today) nodes.unshift(el('p', { className: 'day', textContent: today }));
    this.lines.set(message.number, { state, nodes });
    return nodes;
  }

  async do(action, fields = {}, file = null) {
    if (!this.person) return null;
    const done = await act(this.person, action, fields, file);
    if (done) {
      await this.refresh();
      thread.scrollTop = 0; // the end: the thread is turned over
    }
    return done;
  }

  listenToTheComposer() {
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.write();
    });
    words.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.write();
      }
    });
    words.addEventListener('input', () => {
      words.rows = Math.min(5, words.value.split('\n').length);
    });
    fold(byId('attach'), byId('tray'));
    fold(byId('more'), byId('relations'));
  }

  async write() {
    const text = words.value.trim();
    if (!text) return;
    words.value = '';
    words.rows = 1;
    if (!await this.do('text', { text })) words.value = text;
  }

  fillMenus() {
    byId('tray').replaceChildren(...(this.abilities.attachments || []).map((item) => this.attachment(item)));
    byId('attach').hidden = !(this.abilities.attachments || []).length;
    byId('relations').replaceChildren(...(this.abilities.relations || []).map((item) => button(item.label, () => {
      close(byId('more'), byId('relations'));
      this.do(item.action, item.fields);
    })));
    byId('more').hidden = !(this.abilities.relations || []).length;
  }

  attachment({ action, label, accept }) {
    const send = (file) => {
      close(byId('attach'), byId('tray'));
      this.do(action, {}, file);
    };
    const sample = button(accept ? `${label} mẫu` : label, () => send(null));
    if (!accept) return el('div', { className: 'kind' }, sample);
    const input = el('input', { type: 'file', accept, className: 'unseen', tabIndex: -1 });
    input.addEventListener('change', () => {
      if (input.files.length) send(input.files[0]);
      input.value = '';
    });
    const choose = button('Chọn tệp…', () => input.click(), { className: 'quiet', 'aria-label': `${label}: chọn tệp trên máy` });
    return el('div', { className: 'kind' }, sample, choose, input);
  }
}

function fold(opener, part) {
  opener.addEventListener('click', () => {
    part.hidden = !part.hidden;
    opener.setAttribute('aria-expanded', String(!part.hidden));
  });
}

function close(opener, part) {
  part.hidden = true;
  opener.setAttribute('aria-expanded', 'false');
}
