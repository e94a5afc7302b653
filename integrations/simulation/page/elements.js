// Building the page's parts. Whatever people write enters the page only as text.

export const byId = (id) => document.getElementById(id);

/** An element: `properties` are set on it, `children` are nodes or texts. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith('aria-') || name === 'role') element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export function button(title, press, properties = {}) {
  const made = el('button', { type: 'button', textContent: title, ...properties });
  made.addEventListener('click', press);
  return made;
}

/** A link only if it is one that a browser may follow. */
export function link(address, words, properties = {}) {
  const parsed = URL.canParse(address, location.href) ? new URL(address, location.href) : null;
  if (!parsed || !['http:', 'https:', 'tel:'].includes(parsed.protocol)) return el('span', { textContent: words });
  return el('a', { href: parsed.href, target: '_blank', rel: 'noopener noreferrer', textContent: words, ...properties });
}

const CLOCK = new Intl.DateTimeFormat('vi-VN', { hour: '2-digit', minute: '2-digit', timeZone: 'Asia/Ho_Chi_Minh' });
const SECONDS = new Intl.DateTimeFormat('vi-VN', { hour: '2-digit', minute: '2-digit', second: '2-digit', timeZone: 'Asia/Ho_Chi_Minh' });
const DAY = new Intl.DateTimeFormat('vi-VN', { weekday: 'long', day: '2-digit', month: '2-digit', year: 'numeric', timeZone: 'Asia/Ho_Chi_Minh' });

export const hour = (at) => CLOCK.format(new Date(at));
export const second = (at) => SECONDS.format(new Date(at));
export const day = (at) => DAY.format(new Date(at));
