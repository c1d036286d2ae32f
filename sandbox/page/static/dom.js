// Small helpers to build the page. Nothing here, and nothing else on the page, sets innerHTML.

/** Make an element: h("button.primary", {onclick, "aria-label": "…"}, "text", child, …). */
export function h(what, props = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  reply: "M9 7 4 12l5 5M4 12h9a7 7 0 0 1 7 7",
  react: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18ZM8.5 14a4 4 0 0 0 7 0M9 9.5v.5M15 9.5v.5",
  edit: "M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4",
  remove: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  send: "M4 12 20 4l-5 16-3.5-6.5L4 12ZM11.5 13.5 20 4",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  check: "m5 12.5 4.5 4.5L19 7.5",
  out: "M8 16 17 7M9 7h8v8",
  cross: "M6 6l12 12M18 6 6 18",
  eye: "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6ZM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
  down: "m6 9 6 6 6-6",
};

/** A drawn icon that screen readers skip; say its meaning in the label beside it. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const KEPT = new Set(
  "B STRONG I EM U INS S DEL STRIKE CODE PRE BLOCKQUOTE BR P DIV UL OL LI SPAN A H1 H2 H3 H4 H5 H6 SMALL MARK TIME".split(" "),
);
const DROPPED = new Set(["SCRIPT", "STYLE", "TEMPLATE", "IFRAME", "OBJECT", "SVG", "MATH", "NOSCRIPT"]);
const MARKS = new Set(["mention", "spoiler", "quote", "time", "channel"]);

/**
 * A message's formatting as nodes. The server has escaped it already; it is still parsed in a dead document and
 * only plain formatting is copied over, so that a mistake there can't run here.
 */
export function formatted(html) {
  const copy = (from, into) => {
    for (const child of from.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) into.append(child.data);
      if (child.nodeType !== Node.ELEMENT_NODE || DROPPED.has(child.nodeName.toUpperCase())) continue;
      let target = into;
      if (KEPT.has(child.nodeName)) {
        target = document.createElement(child.nodeName);
        target.classList.add(...[...child.classList].filter((name) => MARKS.has(name)));
        if (child.nodeName === "A") linked(target, child.getAttribute("href") ?? "");
        into.append(target);
      }
      copy(child, target);
    }
    return into;
  };
  return copy(new DOMParser().parseFromString(html, "text/html").body, document.createDocumentFragment());
}

/** Give a link its address, if it is one of the web's. */
export function linked(node, url) {
  if (!isWeb(url)) return node;
  node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

export function isWeb(url) {
  return /^https?:\/\//i.test(url);
}

/** Is this an address that opens the bot's private chat with something to say? */
export function isDeep(url) {
  return /^https?:\/\/(t|telegram)\.me\//i.test(url) || /[?&]start(group)?=/.test(url) || url.startsWith("tg:");
}

/** A round mark with a person's initials, in a colour that is always theirs. */
export function avatar(name, bot = false) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  const mark = h("span.avatar", { "aria-hidden": "true" }, letters.map((word) => [...word][0].toUpperCase()).join(""));
  let hue = 0;
  for (const letter of name) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  mark.style.setProperty("--hue", String(hue));
  if (bot) mark.classList.add("bot");
  return mark;
}

export function clock(at) {
  return new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
