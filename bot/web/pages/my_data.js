// The secret of the address never leaves the browser but in the body of these two calls.
const token = location.hash.slice(1);
const door = document.getElementById("door");
const problem = document.getElementById("problem");

async function call(path) {
  problem.textContent = "";
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.detail || "Chưa mở được, cô/bác thử lại sau ít phút.");
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    problem.textContent = error instanceof TypeError ? "Mất mạng, cô/bác thử lại giúp em ạ." : error.message;
  }
}

document.getElementById("open").addEventListener("click", () =>
  attempt(async () => {
    const answer = await call("/my-data");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("copy").replaceChildren(...page.body.childNodes);
    door.hidden = true;
    document.getElementById("actions").hidden = false;
  }),
);
document.getElementById("print").addEventListener("click", () => window.print());
document.getElementById("download").addEventListener("click", () =>
  attempt(async () => {
    const answer = await call("/my-data.json");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "du-lieu-cua-toi.json";
    link.click();
    URL.revokeObjectURL(link.href);
  }),
);
