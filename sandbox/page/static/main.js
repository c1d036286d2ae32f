// Puts the page together: a column for each platform, the manager's page beside them, the count on top.

import { about, listen } from "./api.js";
import { Column } from "./column.js";
import { h } from "./dom.js";
import { look } from "./looks.js";

const halls = document.getElementById("halls");
const views = document.getElementById("views");

/** Choose what a window that is too narrow for everything shows. Wide windows show everything anyway. */
function choose(view) {
  document.body.dataset.view = view;
  for (const column of halls.children) column.classList.toggle("chosen", column.dataset.column === view);
  for (const button of views.children) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

function viewButton(view, label, kind) {
  return h(`button.view.${kind}`, { type: "button", "data-view": view, onclick: () => choose(view) }, label);
}

function manager(url) {
  return h(
    "section.column.manager",
    { "aria-label": "The manager's page", "data-column": "manager" },
    h("div.top", {}, h("span.glyph.keyhole", { "aria-hidden": "true" }), h("div.names", {},
      h("h2", {}, "Manager"), h("p", {}, "what the community's manager sees"))),
    h("iframe", { src: url, title: "The manager's page", referrerpolicy: "no-referrer" }),
  );
}

function count(columns, answered) {
  if (!answered) return;
  const total = Object.values(answered).reduce((sum, one) => sum + one, 0);
  const shown = document.getElementById("total");
  document.getElementById("count").hidden = false;
  document.getElementById("total-word").textContent = total === 1 ? "answer" : "answers";
  if (shown.textContent !== String(total)) {
    shown.textContent = String(total);
    shown.classList.remove("bump");
    requestAnimationFrame(() => shown.classList.add("bump"));
  }
  for (const [name, column] of columns) column.count(answered[name]);
}

function live(stands) {
  document.getElementById("live").classList.toggle("off", !stands);
  document.getElementById("live-word").textContent = stands ? "live" : "reconnecting";
}

async function start() {
  const { platforms, beside } = await about();
  const columns = new Map(platforms.map((name) => [name, new Column(name)]));
  for (const column of columns.values()) halls.append(column.node);
  halls.style.setProperty("--columns", String(platforms.length));
  views.append(viewButton("all", "Side by side", "together"));
  for (const name of platforms) views.append(viewButton(name, look(name).title, "single"));
  if (beside) {
    halls.append(manager(beside));
    views.append(viewButton("manager", "Manager", "aside"));
    document.body.classList.add("has-manager");
  }
  choose(platforms[0] ?? "all");
  const seen = new Map();
  listen(({ revisions, answered }) => {
    count(columns, answered);
    for (const [name, revision] of Object.entries(revisions)) {
      if (seen.get(name) !== revision) columns.get(name)?.refresh();
      seen.set(name, revision);
    }
  }, (stands) => {
    live(stands);
    if (!stands) seen.clear(); // what went by meanwhile is read again
  });
}

// A list that stands open closes when one goes elsewhere.
document.addEventListener("pointerdown", (event) => {
  for (const open of document.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
});

start();
