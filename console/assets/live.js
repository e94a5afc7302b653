// What changes on the server, as it changes: one event stream while the page can be seen. A hidden page lets go of its
// stream, because a browser has few connections to one server and an officer has many tabs.

import { signedOut } from "./console.js";

const RETRY = 3000;

/**
 * `address()` is asked at every (re)connection, so that it says what is shown by then. `handlers`: by event name, each
 * gets the event's data.
 */
export function live(address, handlers) {
  let source = null;

  function open() {
    if (source || document.hidden) return;
    source = new EventSource(address());
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    }
    source.addEventListener("signed-out", () => {
      close();
      signedOut();
    });
    source.addEventListener("error", () => {
      // The browser's own retry would ask with the old address; a refusal (401) it would not repeat at all
      close();
      setTimeout(open, RETRY);
    });
  }

  function close() {
    source?.close();
    source = null;
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
