// Keeps the page fresh: asks for its changing part while somebody looks at it, and changes only what differs.
const EVERY_MS = 2000;
const now = document.getElementById("now");

function ids(parts) {
  return [...parts].map((part) => part.id).join();
}

function show(html) {
  const fresh = document.createElement("main");
  fresh.innerHTML = html;
  // A file that was picked is not thrown away before it is handed in.
  if ([...now.querySelectorAll("input[type=file]")].some((field) => field.files.length)) return;
  if (ids(fresh.children) !== ids(now.children)) return now.replaceChildren(...fresh.children);
  for (const part of [...fresh.children]) {
    const old = document.getElementById(part.id);
    // What somebody is about to press stays where it is; the server knows whether it still means something.
    if (!old.isEqualNode(part) && !old.contains(document.activeElement)) old.replaceWith(part);
  }
}

async function refresh() {
  if (document.visibilityState !== "visible") return;
  const answer = await fetch("/manage/now", { credentials: "same-origin" }).catch(() => null);
  if (!answer) return;
  if (answer.status === 401) return location.reload();
  if (answer.ok) show(await answer.text());
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
