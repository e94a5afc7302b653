// A file that is too large is told so before a byte of it is sent; the server looks again.

const form = document.getElementById("upload");
const problem = document.getElementById("upload-problem");

form?.addEventListener("submit", (event) => {
  const file = form.elements.file.files[0];
  if (!file || file.size <= Number(form.dataset.most)) return;
  event.preventDefault();
  problem.textContent = form.dataset.tooLarge;
  problem.hidden = false;
});
