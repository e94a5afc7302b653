// One message in the chat: its words, what is attached, its buttons, and how far it has come.

import { button, el, hour, link } from './elements.js';

/** `press(action, fields)` is called for a button of the message. */
export function bubble(message, ticks, press) {
  if (message.side === 'note') return el('p', { className: 'note', textContent: message.text });
  const parts = [];
  if (message.media) parts.push(media(message.media));
  if (message.text) parts.push(el('p', { className: 'text', textContent: message.text }));
  const state = message.side === 'account' ? ticks[message.state] : ticks.sent;
  parts.push(el('p', { className: 'when', textContent: [hour(message.at), state].filter(Boolean).join(' · ') }));
  const body = el('div', { className: 'body' }, ...parts);
  const rows = message.buttons.map((row) => el('div', { className: 'row' }, ...row.map((item) => key(item, message, press))));
  return el('article', { className: `bubble ${message.side}` }, body, ...rows);
}

function key(item, message, press) {
  if (item.url) return link(item.url, `${item.title} ↗`, { className: 'key' });
  if (item.phone) return link(`tel:${item.phone}`, `${item.title} ☎`, { className: 'key' });
  const { action = 'press', ...fields } = item;
  const chosen = item.action ? { message_id: message.id } : { ...fields, message_id: message.id };
  return button(item.title, () => press(action, chosen), { className: 'key' });
}

const SHOWN = {
  image: ({ url, name }) => el('img', { src: url, alt: name || 'Ảnh' }),
  voice: ({ url }) => el('audio', { src: url, controls: true, preload: 'metadata' }),
  video: ({ url }) => el('video', { src: url, controls: true, preload: 'metadata' }),
  file: ({ url, name }) => card('Tệp', link(url, name || 'mở')),
  location: ({ name }) => card('Vị trí', name),
  sticker: () => card('Nhãn dán', ''),
  link: () => card('Đường dẫn', ''),
  card: () => card('Danh thiếp', ''),
};

function media(item) {
  return (SHOWN[item.kind] || (() => card(item.kind, '')))(item);
}

function card(kind, words) {
  return el('p', { className: 'card' }, el('span', { className: 'kind', textContent: kind }), words);
}
