// What can happen to a space: people and the bot come and go, a connection breaks.

import { act, Refused } from "./api.js";
import { h, icon } from "./dom.js";

const NEWCOMERS = ["Noor Haddad", "Jonas Weber", "Camille Laurent", "Mei Tanaka", "Tomás Silva", "Ines Roth", "Samir Khan", "Elodie Petit"];
const LOCALES = ["en", "de", "fr"];
let arrived = 0;

/** The menu at the top of a column. */
export function spaceMenu(seat) {
  const run = async (name, args, said) => {
    menu.open = false;
    menu.querySelector("summary").focus();
    try {
      await act(seat.platform, name, args);
      seat.say(said, "good");
    } catch (error) {
      seat.say(error instanceof Refused ? error.message : "The page's server is not there.", "bad");
    }
  };
  const item = (label, go) => h("button", { type: "button", onclick: go }, label);
  const menu = h("details.menu", {},
    h("summary.tool", { "aria-label": `${seat.look.title}: more`, title: "More" }, icon("more")),
    h("div.tray", {},
      item("Somebody joins", () => {
        const name = NEWCOMERS[arrived % NEWCOMERS.length];
        run("join", { space: seat.space, name, locale: LOCALES[arrived++ % LOCALES.length] }, `${name} joined.`);
      }),
      item("This member leaves", () => seat.member && run("leave", { member: seat.member.id, space: seat.space }, `${seat.member.name} left.`)),
      item(`Add the bot to this ${seat.look.space}`, () => seat.member && run("install", { space: seat.space, by: seat.member.id }, "The bot was added.")),
      item("Remove the bot", () => seat.member && run("remove", { space: seat.space, by: seat.member.id }, "The bot was removed.")),
      item("Cut the bot’s connection", () => run("fault", { kind: "disconnect" }, "Cut. It comes back by itself."))));
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
  return menu;
}
