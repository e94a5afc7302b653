// The journal, newest first: one line an entry, everything about it when it is opened.

import { button, byId, el, second } from './elements.js';

const MOST_SHOWN = 300;
const KINDS = {
  request: 'Gọi API',
  accepted: 'Nhận tin',
  delivery: 'Webhook',
  given_up: 'Không tới',
  control: 'Điều khiển',
};

export class Journal {
  constructor(names) {
    this.names = names;
    this.last = 0;
    this.hidden = new Set(['control']);
    this.list = byId('journal');
    byId('filters').replaceChildren(...Object.entries(KINDS).map(([kind, label]) => this.filter(kind, label)));
    this.hide();
  }

  add(entry) {
    if (entry.n <= this.last) return;
    this.last = entry.n;
    this.list.prepend(this.line(entry));
    while (this.list.children.length > MOST_SHOWN) this.list.lastChild.remove();
    byId('journal-count').textContent = `${entry.n} mục`;
  }

  filter(kind, label) {
    const made = button(label, () => {
      if (!this.hidden.delete(kind)) this.hidden.add(kind);
      made.setAttribute('aria-pressed', String(!this.hidden.has(kind)));
      this.hide();
    }, { 'aria-pressed': String(!this.hidden.has(kind)), className: `filter ${kind}` });
    return made;
  }

  hide() {
    for (const kind of Object.keys(KINDS)) this.list.classList.toggle(`without-${kind}`, this.hidden.has(kind));
  }

  line(entry) {
    const bad = Boolean(entry.error || entry.fault || entry.problem || entry.status >= 400 || entry.status === 0 || entry.kind === 'given_up');
    const whole = el('pre', { textContent: JSON.stringify(entry, null, 1) });
    const summary = el('summary', {},
      el('time', { textContent: second(entry.at), dateTime: entry.at }),
      el('span', { className: 'kind', textContent: KINDS[entry.kind] || entry.kind }),
      el('span', { className: 'what', textContent: this.what(entry) }));
    const line = el('details', {}, summary, whole);
    return el('li', { className: `entry ${entry.kind}${bad ? ' bad' : ''}`, value: entry.n }, line);
  }

  what(entry) {
    const who = this.names(entry.user);
    if (entry.kind === 'request') {
      const outcome = [entry.status || 'đứt', entry.error && `lỗi ${entry.error}`, entry.fault && `gây lỗi ${entry.fault}`];
      // Telegram's paths begin with the token; what is called stands behind it
      return `${entry.method} ${entry.path.replace(/^(.*\/bot)[^/]+/, '$1…')} → ${outcome.filter(Boolean).join(', ')} (${entry.ms} ms)`;
    }
    if (entry.kind === 'accepted') return `${who}: ${entry.text || '(không có chữ)'}`;
    if (entry.kind === 'delivery') {
      const attempt = entry.attempt ? `, lần ${entry.attempt + 1}` : '';
      return `${entry.event || 'lạ'} · ${who} → ${entry.status || entry.problem}${attempt} (${entry.ms} ms)`;
    }
    if (entry.kind === 'given_up') return `${entry.event} · ${who}`;
    return [entry.action, who].filter(Boolean).join(' · ');
  }
}
