// Pictures the owner sends: made small enough, kept until the server has them (a reload included), shown again.
// When they are sent is sending.js; how they look in the thread is message.js.

import { authorised } from './connection.js';
import { token } from './conversation.js';

export const LARGEST_BYTES = 5000000; // the server's limit

const LONGEST_SIDE = 2048;
const QUALITY = 0.85;
const SMALL_ENOUGH_BYTES = 400000; // not worth drawing again

/** A photo of 12 million pixels would take minutes on a village's network; as it was if the browser cannot draw it. */
export async function shrink(file) {
  if (file.size <= SMALL_ENOUGH_BYTES) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const drawn = await new Promise((done) => { canvas.toBlob(done, 'image/jpeg', QUALITY); });
    return drawn && drawn.size < file.size ? drawn : file;
  } catch {
    return file;
  }
}

/* ---- unsent pictures, by the id of their message; in plain memory where the browser has no database for us ---- */

const memory = new Map();
let opening = null;

function openDatabase() {
  opening = opening || new Promise((resolve, reject) => {
    const request = indexedDB.open('hotline', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('pictures');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
  return opening;
}

async function inDatabase(mode, act) {
  const database = await openDatabase();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction('pictures', mode);
    const request = act(transaction.objectStore('pictures'));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

export async function keepPicture(id, picture) {
  try {
    // Bytes, not the blob: some browsers cannot store blobs, and a file may be gone from the phone meanwhile
    const kept = { bytes: await picture.arrayBuffer(), type: picture.type };
    await inDatabase('readwrite', (store) => store.put(kept, id));
  } catch {
    memory.set(id, picture);
  }
}

/** The unsent picture of a message, or null. */
export async function findPicture(id) {
  if (memory.has(id)) return memory.get(id);
  try {
    const kept = await inDatabase('readonly', (store) => store.get(id));
    return kept ? new Blob([kept.bytes], { type: kept.type }) : null;
  } catch {
    return null;
  }
}

export async function forgetPicture(id) {
  memory.delete(id);
  try {
    await inDatabase('readwrite', (store) => store.delete(id));
  } catch {
    // then it was never there
  }
}

/** A picture that the server has. Rejects when it cannot be had. */
export async function fetchPicture(address) {
  const response = await fetch(address, { headers: authorised(token), credentials: 'same-origin' });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.blob();
}
