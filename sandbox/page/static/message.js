// One message as people see it, with what can be done on it.

import { avatar, clock, formatted, h, icon, isDeep, isWeb, linked } from "./dom.js";

const EMOJI = ["👍", "❤", "🎉", "😂", "👀", "🙏"];
const NAMED = {
  "+1": "👍", thumbsup: "👍", heart: "❤", tada: "🎉", joy: "😂", eyes: "👀", pray: "🙏", white_check_mark: "✅",
  fire: "🔥", wave: "👋", raised_hands: "🙌", clap: "👏", thinking_face: "🤔", smile: "😄", star: "⭐", rocket: "🚀",
};

/** An emoji as it is drawn, from itself or from the name that some platforms send. */
function drawn(emoji) {
  const name = emoji.replace(/^:|:$/g, "");
  return NAMED[name] ?? (name === emoji ? emoji : name);
}

/**
 * Draw a message. `seat` is the column it stands in: who acts there and how.
 * `joined` is whether it follows another one by the same author, `quoted` the message it answers.
 */
export function drawMessage(message, seat, { joined, quoted, nested }) {
  const own = message.author === seat.member?.id;
  const node = h(
    "li.message",
    { "data-message": message.id },
    avatar(message.author_name, message.by_bot),
    h("div.body", {},
      h("p.meta", {},
        h("strong.author", {}, message.author_name),
        message.by_bot && h("span.badge", {}, "app"),
        h("time", { datetime: new Date(message.at * 1000).toISOString() }, clock(message.at)),
        message.edits > 0 && h("span.edited", {}, "edited")),
      h("div.bubble", {},
        quoted && quote(quoted),
        message.title && h("h3.card-title", {}, message.title),
        h("div.text", {}, message.html ? formatted(message.html) : message.text),
        message.images.filter(({ url }) => isWeb(url)).map(({ url, alt }) => h("img.picture", { src: url, alt, loading: "lazy", referrerpolicy: "no-referrer" }))),
      message.controls.length > 0 && h("div.controls", {}, message.controls.map((one) => drawControl(one, message, seat))),
      message.only_for && h("p.only", {}, icon("eye"), "Only you can see this"),
      reactions(message, seat)),
    tools(message, seat, own),
  );
  if (message.color) node.querySelector(".bubble").style.setProperty("--color", message.color);
  const marks = { bot: message.by_bot, own, joined, nested, colored: message.color, whisper: message.only_for !== "" };
  for (const [name, on] of Object.entries(marks)) node.classList.toggle(name, Boolean(on));
  for (const link of node.querySelectorAll(".text a")) {
    if (isDeep(link.href)) link.addEventListener("click", (event) => (event.preventDefault(), seat.follow(link.href)));
  }
  return node;
}

function quote(message) {
  const line = message.title || message.text;
  const jump = () => document.querySelector(`[data-message="${CSS.escape(message.id)}"]`)?.scrollIntoView({ block: "center" });
  return h("button.quote", { type: "button", onclick: jump, "aria-label": `In reply to ${message.author_name}: ${line}` },
    h("strong", {}, message.author_name), " ", line);
}

function reactions(message, seat) {
  const there = Object.entries(message.reactions).filter(([, who]) => who.length > 0);
  if (there.length === 0) return null;
  return h("div.reactions", {}, there.map(([emoji, who]) => {
    const mine = seat.isMe(who);
    const names = who.map((id) => seat.nameOf(id)).join(", ");
    return h("button.reaction", {
      type: "button", "aria-pressed": String(mine), title: names, "data-focus": `reaction ${emoji}`,
      "aria-label": `${drawn(emoji)}, ${who.length}: ${names}`, onclick: () => seat.react(message, emoji, !mine),
    }, drawn(emoji), h("span", {}, String(who.length)));
  }));
}

function tools(message, seat, own) {
  const tool = (name, label, run) => h("button.tool",
    { type: "button", title: label, "aria-label": `${label}: message by ${message.author_name}`, "data-focus": name, onclick: run }, icon(name));
  if (message.only_for) return null;
  const palette = h("details.palette", {},
    h("summary.tool", { title: "React", "aria-label": `React: message by ${message.author_name}`, "data-focus": "react" }, icon("react")),
    h("div.tray", {}, EMOJI.map((emoji) => h("button", {
      type: "button", "aria-label": `React with ${emoji}`,
      onclick: () => { palette.open = false; seat.react(message, emoji, !seat.isMe(message.reactions[emoji] ?? [])); },
    }, emoji))));
  return h("div.tools", {},
    palette,
    tool("reply", seat.look.reply === "thread" ? "Reply in thread" : "Reply", () => seat.replyTo(message)),
    own && tool("edit", "Edit", () => seat.editing(message)),
    own && tool("remove", "Delete", () => seat.remove(message)));
}

function drawControl(control, message, seat) {
  const mark = seat.marks.get(`${message.id} ${control.id}`);
  const focus = `control ${control.id}`;
  const shown = [mark === "taken" && icon("check"), control.label];
  if (control.kind === "link") {
    const link = linked(h("a.control.link", { "data-focus": focus }, shown, icon("out")), control.url);
    if (isDeep(control.url)) link.addEventListener("click", (event) => (event.preventDefault(), seat.follow(control.url)));
    return link;
  }
  if (control.kind === "select") return drawSelect(control, message, seat, mark, focus);
  if (control.kind === "text") {
    return h("input.control", {
      type: "text", placeholder: control.label, "aria-label": control.label, "data-focus": focus,
      disabled: control.disabled || mark === "busy",
      onkeydown: (event) => { if (event.key === "Enter" && event.target.value) seat.pick(message, control, [event.target.value]); },
    });
  }
  const node = h("button.control", {
    type: "button", disabled: control.disabled || mark === "busy", "data-style": control.style || null,
    "data-focus": focus, "aria-busy": mark === "busy" ? "true" : null,
    onclick: () => seat.press(message, control),
  }, shown);
  if (mark) node.classList.add(mark);
  return node;
}

function drawSelect(control, message, seat, mark, focus) {
  const many = control.maximum > 1;
  const box = h("details.control.select", {});
  const pick = (values) => { box.open = false; seat.pick(message, control, values); };
  const options = control.options.map(([value, label]) => many
    ? h("label", {}, h("input", { type: "checkbox", value }), h("span", {}, label))
    : h("button", { type: "button", onclick: () => pick([value]) }, label));
  const wanted = h("p.wanted", {}, `Pick ${control.minimum || "up"} to ${control.maximum}.`);
  const done = h("button.control", { type: "button", "data-style": "primary", onclick: () => {
    const values = [...box.querySelectorAll("input:checked")].map((input) => input.value);
    const right = values.length >= control.minimum && values.length <= control.maximum;
    wanted.classList.toggle("wrong", !right);
    if (right) pick(values);
  } }, "Done");
  box.append(
    h("summary", { "data-focus": focus }, mark === "taken" && icon("check"), h("span", {}, control.label || "Choose"), icon("down")),
    h("div.options", {}, options, many && wanted, many && done),
  );
  if (mark) box.classList.add(mark);
  if (control.disabled || mark === "busy") box.classList.add("disabled");
  return box;
}
