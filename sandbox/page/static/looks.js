// What differs between the platforms in words; what differs in colour is in looks.css.

const LOOKS = {
  discord: { title: "Discord", space: "server", channel: "#", reply: "reply" },
  slack: { title: "Slack", space: "workspace", channel: "#", reply: "thread" },
  telegram: { title: "Telegram", space: "group", channel: "", reply: "reply" },
};

/** The platform's words; one that the page does not know still gets a plain column. */
export function look(name) {
  return LOOKS[name] ?? { title: name[0].toUpperCase() + name.slice(1), space: "space", channel: "#", reply: "reply" };
}
