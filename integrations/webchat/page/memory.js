// What this browser remembers and its tabs share: the token, the language, unsent messages, whose turn it is.
// It keeps and gives back; when something is sent or forgotten is decided elsewhere.

export const KEY = {
  token: 'hotline.token',
  language: 'hotline.language',
  draft: 'hotline.draft',
  unsent: 'hotline.unsent.', // and the message's id
};

/** A storage of the browser, or plain memory where the browser refuses it (private window, storage full). */
function openShelf(open) {
  const memory = new Map();
  const stored = (act) => {
    try {
      return act(open());
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

export const shelf = openShelf(() => window.localStorage);

/** A half-written message outlives a reload; only in this tab, only until it is closed. */
export const tabShelf = openShelf(() => window.sessionStorage);

/**
 * Messages the server has not accepted, oldest first: {id, body: {text}, {payload} or {picture}, label, order}, and
 * {refused, detail} once it never will. One key each, so that no tab overwrites another's.
 */
export const unsent = {
  all() {
    return shelf.keys().filter((key) => key.startsWith(KEY.unsent)).map(readUnsent).filter(Boolean)
      .sort((a, b) => a.order - b.order);
  },
  add(body, label, id = newId()) {
    const last = unsent.all().pop();
    const order = Math.max(Date.now(), last ? last.order + 1 : 0);
    unsent.save({ id, body, label, order });
  },
  save(item) { shelf.write(KEY.unsent + item.id, JSON.stringify(item)); },
  has(id) { return shelf.read(KEY.unsent + id) !== null; },
  remove(id) { shelf.remove(KEY.unsent + id); },
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
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const turns = new Map();

/**
 * Runs `act` alone among all tabs where the browser can (https only, not where it keeps other sites' frames from
 * storing), else alone in this tab; two tabs that then send the same message do no harm, since it keeps its id.
 */
export async function exclusively(name, act) {
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    return act();
  };
  try {
    if (navigator.locks) return await navigator.locks.request(name, begin);
  } catch (failure) {
    if (isBegun) throw failure; // its own; otherwise the browser has refused the lock
  }
  const turn = (turns.get(name) || Promise.resolve()).then(act, act);
  turns.set(name, turn);
  return turn;
}
