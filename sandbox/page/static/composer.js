// Where a member writes: messages, replies, changed messages, commands.

import { h, icon } from "./dom.js";

/** The writing line of one column. A line that begins with "/" is a command. */
export function composer(seat) {
  let target = null; // {kind: "reply" | "edit", message}
  const drafts = new Map();
  const about = h("p.target", { hidden: true });
  const area = h("textarea", { rows: "1", "aria-label": `${seat.look.title}: write a message`, enterkeyhint: "send", disabled: true });
  const send = h("button.send", { type: "submit", "aria-label": `${seat.look.title}: send` }, icon("send"));
  let place = "";

  const grow = () => {
    area.style.height = ""; // one row, which is also right while the column is hidden and has no measure
    if (area.value && area.scrollHeight) area.style.height = `${Math.min(area.scrollHeight, 140)}px`;
  };
  const aim = (next) => {
    target = next;
    about.hidden = !next;
    about.replaceChildren(...(next ? [
      h("span", {}, next.kind === "edit" ? "Changing your message" : `${seat.look.reply === "thread" ? "In the thread of" : "Reply to"} ${next.message.author_name}`),
      h("button.tool", { type: "button", "aria-label": "Stop", onclick: () => aim(null) }, icon("cross")),
    ] : []));
  };
  const clear = () => {
    area.value = "";
    aim(null);
    grow();
  };
  const submit = async () => {
    const text = area.value.trim();
    if (!text || !seat.channel || !seat.member) return;
    const aimed = target;
    clear();
    let outcome;
    if (aimed?.kind === "edit") outcome = await seat.act("edit", { message: aimed.message.id, text });
    else if (text.startsWith("/")) outcome = await seat.act("command", { channel: seat.channel, text });
    else outcome = await seat.act("type", { channel: seat.channel, text, ...aimedAt(aimed?.message, seat) });
    if (outcome) return seat.came(text.startsWith("/") ? outcome : true);
    if (!area.value) { // nothing was sent: the words come back
      area.value = text;
      aim(aimed);
      grow();
    }
  };
  area.addEventListener("input", grow);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    }
    if (event.key === "Escape" && target) aim(null);
  });
  const node = h("form.composer", { onsubmit: (event) => (event.preventDefault(), submit()) }, about, h("div.line", {}, area, send));
  return {
    node,
    /** Take the words of the place one is in now; the other place keeps its own. */
    draw() {
      const now = `${seat.member?.id} ${seat.channel}`;
      if (now !== place) {
        drafts.set(place, area.value);
        place = now;
        area.value = drafts.get(now) ?? "";
        grow();
      }
      const channel = seat.channels.find((one) => one.id === seat.channel);
      const where = channel ? seat.look.channel + channel.name : "hallkeeper in private";
      area.placeholder = seat.channel ? `Message ${where}` : "";
      area.disabled = send.disabled = !seat.channel || !seat.member;
    },
    reset: () => aim(null),
    reply(message) {
      aim({ kind: "reply", message });
      area.focus();
    },
    edit(message) {
      aim({ kind: "edit", message });
      area.value = message.text;
      grow();
      area.focus();
    },
  };
}

/** A reply the way the platform has it: hung on the message, or in its thread. */
function aimedAt(message, seat) {
  if (!message) return {};
  if (seat.look.reply === "thread") return { thread: message.thread || message.id };
  return { reply_to: message.id };
}
