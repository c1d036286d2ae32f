// Keeps the page fresh: asks for its changing part while somebody looks at it, and changes only what differs.
const EVERY_MS = 2000;
const now = document.getElementById("now");
let shown = now.innerHTML;

async function refresh() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch("/manage/now", { credentials: "same-origin" }).catch(() => null);
  if (!answer) return;
  if (answer.status === 401) return location.reload();
  const html = await answer.text();
  if (answer.ok && html !== shown) now.innerHTML = shown = html;
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
