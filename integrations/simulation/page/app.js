// Puts the page together: who is there, whose phone is shown, and what keeps it up to date.

import { get, listen, post } from './api.js';
import { Chat } from './chat.js';
import { button, byId, el } from './elements.js';
import { Journal } from './journal.js';
import { Panels } from './panels.js';

const OLD_ENTRIES = 200;
const SETTLE_MILLISECONDS = 150;

const [abilities, state] = [await get('abilities'), await get('state')];
if (abilities && state) start({ title: 'Điện thoại mô phỏng', account: 'Hotline', ...abilities }, state);

function start(offered, { people: first, last }) {
  document.title = offered.title;
  document.body.classList.add(`skin-${offered.skin || 'plain'}`);
  byId('title').textContent = offered.title;
  byId('account').textContent = offered.account;
  let people = first;
  const chat = new Chat(offered);
  const panels = new Panels(offered, () => chat.person);
  const journal = new Journal((id) => people.find((one) => one.id === id)?.name || id || '');

  function show() {
    byId('people').replaceChildren(...people.map((one) => el('li', {}, button('', () => open(one.id), {
      className: 'person',
      'aria-pressed': String(one.id === chat.person),
    }))));
    byId('people').querySelectorAll('button').forEach((made, place) => {
      const { name, status } = people[place];
      made.append(el('span', { className: 'avatar', textContent: initial(name), 'aria-hidden': 'true' }),
        el('span', { className: 'name', textContent: name }), el('span', { className: 'state', textContent: status }));
    });
  }

  async function open(id) {
    const opened = chat.open(id);
    show();
    await opened;
  }

  byId('add-person').addEventListener('submit', async (event) => {
    event.preventDefault();
    const made = await post('people', { name: byId('new-name').value });
    if (!made) return;
    byId('new-name').value = '';
    await open(made.id);
  });

  const settle = later(() => panels.refresh());
  listen(Math.max(0, last - OLD_ENTRIES), {
    journal: (entry) => {
      journal.add(entry);
      settle();
    },
    people: (list) => {
      const changed = list.find((one) => one.id === chat.person)?.changes !== people.find((one) => one.id === chat.person)?.changes;
      people = list;
      show();
      if (changed) chat.refresh();
    },
    // It was started anew, or the line was cut: begin with what is there now
    back: () => location.reload(),
  });
  panels.refresh();
  if (people.length) open(people[0].id);
}

/** The letter of the given name, which comes last in Vietnamese. */
function initial(name) {
  return ([...name.trim().split(/\s+/).at(-1)][0] || '').toUpperCase();
}

/** Many calls close together become one. */
function later(work) {
  let waiting = 0;
  return () => {
    clearTimeout(waiting);
    waiting = setTimeout(work, SETTLE_MILLISECONDS);
  };
}
