// An open lead: what the owner has taken back goes from the page at once, and a changed one says so. The server answers
// the look every few seconds with 204, or with words for a part of the page (409, 410), which are shown like any other.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (![409, 410].includes(event.detail.xhr.status)) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});
