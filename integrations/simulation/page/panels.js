// The platform's side: its clock, faults, webhook, switches, and what others than the citizen do.

import { act, get, post, remove } from './api.js';
import { button, byId, el } from './elements.js';

const STEPS = [
  ['+1 phút', 60],
  ['+1 giờ', 3600],
  ['+25 giờ', 25 * 3600],
  ['+48 giờ', 48 * 3600],
  ['+7 ngày', 7 * 86400],
  ['+90 ngày', 90 * 86400],
];
const COMMON_FAULTS = [
  { label: 'Lỗi 500 (3 lần)', fault: { kind: 'http_500', count: 3 } },
  { label: 'Chậm 3 giây (10 lần)', fault: { kind: 'slow', seconds: 3, count: 10 } },
];
const NOW = new Intl.DateTimeFormat('vi-VN', { dateStyle: 'short', timeStyle: 'medium', timeZone: 'Asia/Ho_Chi_Minh' });

export class Panels {
  constructor(abilities, person) {
    this.abilities = abilities;
    this.person = person;
    this.ahead = 0;
    this.fillClock();
    this.fillFaults();
    this.fillWebhook();
    this.fillOthers();
    setInterval(() => this.tick(), 1000);
  }

  /** Show the simulator's present state. */
  async refresh() {
    const state = await get('state');
    if (!state) return;
    this.ahead = Date.parse(state.now) - Date.now();
    this.tick();
    this.showFaults(state.faults);
    this.showWebhook(state.webhook);
    this.showSwitches(state.switches);
  }

  async after(call) {
    if (await call) await this.refresh();
  }

  tick() {
    byId('now').textContent = NOW.format(new Date(Date.now() + this.ahead));
  }

  fillClock() {
    byId('clock-steps').replaceChildren(...STEPS.map(([label, seconds]) => (
      button(label, () => this.after(post('clock', { advance_seconds: seconds }))))));
    byId('clock-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.after(post('clock', { now: byId('clock-to').value }));
    });
  }

  fillFaults() {
    const offered = this.abilities.faults || COMMON_FAULTS;
    byId('faults').replaceChildren(...offered.map(({ label, fault }) => (
      button(label, () => this.after(post('faults', fault))))));
  }

  showFaults(faults) {
    byId('fault-count').textContent = faults.length ? `${faults.length} đang chờ` : '';
    const items = faults.map((fault) => el('li', {
      textContent: [fault.kind, fault.path, fault.count && `còn ${fault.count} lần`].filter(Boolean).join(' · '),
    }));
    if (items.length) items.push(el('li', {}, button('Bỏ hết', () => this.after(remove('faults')))));
    byId('armed').replaceChildren(...items);
  }

  fillWebhook() {
    byId('webhook-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.after(post('webhook', { url: byId('webhook-url').value || null, enabled: true }));
    });
  }

  showWebhook({ url, enabled, delivered, failures, given_up: lost, pending }) {
    const address = byId('webhook-url');
    if (document.activeElement !== address) address.value = url || '';
    const counts = [`${delivered} đã nhận`, failures && `${failures} lần hỏng`, lost && `${lost} bỏ`, pending && `${pending} đang chờ`];
    byId('webhook-count').textContent = enabled ? counts.filter(Boolean).join(', ') : 'đã tắt';
    const turn = enabled ? button('Tắt webhook', () => this.after(post('webhook', { enabled: false })))
      : button('Bật lại webhook', () => this.after(post('webhook', { enabled: true })));
    byId('webhook-actions').replaceChildren(turn);
  }

  fillOthers() {
    byId('writers').replaceChildren(...(this.abilities.writers || []).map(({ action, label }) => {
      const input = el('input', { required: true, placeholder: label, 'aria-label': label });
      const form = el('form', { className: 'line' }, input, el('button', { type: 'submit', textContent: 'Gửi' }));
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        if (await act(this.person(), action, { text: input.value })) input.value = '';
      });
      return form;
    }));
    byId('hostile').replaceChildren(...(this.abilities.hostile || []).map((name) => (
      button(name, () => post('events', { case: name, user: this.person() })))));
  }

  showSwitches(switches) {
    const list = byId('switches');
    if (list.contains(document.activeElement)) return;
    list.replaceChildren(...switches.map((item) => this.switch(item)));
  }

  switch({ name, value, label, choices }) {
    const change = (chosen) => this.after(post('switches', { [name]: chosen }));
    let input;
    if (choices) {
      input = el('select', {}, ...choices.map((one) => el('option', { textContent: one, selected: one === value })));
      input.addEventListener('change', () => change(choices[input.selectedIndex]));
    } else if (typeof value === 'boolean') {
      input = el('input', { type: 'checkbox', checked: value });
      input.addEventListener('change', () => change(input.checked));
    } else {
      input = el('input', { type: typeof value === 'number' ? 'number' : 'text', value });
      input.addEventListener('change', () => change(typeof value === 'number' ? Number(input.value) : input.value));
    }
    return el('label', {}, input, el('span', { textContent: label }));
  }
}
