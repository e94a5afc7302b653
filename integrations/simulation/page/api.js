// The control API. What goes wrong is shown to the person, here, until they do something that succeeds.

import { byId } from './elements.js';

async function call(method, path, options = {}) {
  const trouble = byId('trouble');
  try {
    const answer = await fetch(`/__sim/${path}`, { method, ...options });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.error || `Lỗi ${answer.status}`);
    // What the page asks by itself must not take away what was just said to the person
    if (method !== 'GET') trouble.hidden = true;
    return said;
  } catch (error) {
    trouble.textContent = error instanceof TypeError ? 'Trình mô phỏng không trả lời.' : error.message;
    trouble.hidden = false;
    return null;
  }
}

const json = (body) => ({ body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });

export const get = (path) => call('GET', path);
export const remove = (path) => call('DELETE', path);
export const post = (path, body = {}) => call('POST', path, json(body));

/** Do something as a person; a chosen file goes along as a form. Null when it was refused. */
export function act(person, action, fields = {}, file = null) {
  const path = `people/${encodeURIComponent(person)}/${encodeURIComponent(action)}`;
  if (!file) return post(path, fields);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file);
  return call('POST', path, { body: form });
}

/** Calls back with every journal entry and every new list of people, until the page is closed. */
export function listen(after, { journal, people, back }) {
  const live = new EventSource(`/__sim/live?after=${after}`);
  let lost = false;
  live.addEventListener('journal', (event) => journal(JSON.parse(event.data)));
  live.addEventListener('people', (event) => people(JSON.parse(event.data)));
  live.addEventListener('error', () => { lost = true; });
  live.addEventListener('open', () => { if (lost) back(); });
}
