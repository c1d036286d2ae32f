// One platform's column: whom one acts as, which channel one looks at, and what comes of the acts.

import { act, look as read, Refused } from "./api.js";
import { composer } from "./composer.js";
import { avatar, h, icon } from "./dom.js";
import { openForm } from "./form.js";
import { drawLog } from "./log.js";
import { look } from "./looks.js";
import { spaceMenu } from "./menu.js";

const TICK_MS = 4000;
const SAID_MS = 8000;

export class Column {
  constructor(platform) {
    this.platform = platform;
    this.look = look(platform);
    this.state = null;
    this.member = null;
    this.space = "";
    this.channel = "";
    this.marks = new Map(); // what came of a press, for a moment: "busy", "taken" or "failed", by message and control
    this.read = new Map(); // the newest message looked at, by member and channel
    this.drawn = {};
    this.build();
  }

  build() {
    const id = `column-${this.platform}`;
    this.title = h("h2", { id }, this.look.title);
    this.spaceLine = h("p", {}, " ");
    this.spacePicker = h("select.spaces", { "aria-label": `${this.look.title}: ${this.look.space}`, hidden: true,
      onchange: () => this.enter(this.spacePicker.value) });
    this.status = h("span.status", {}, h("span.dot"), h("span.word", {}, "bot away"));
    this.counter = h("span.answered", { hidden: true });
    this.tabs = h("nav.channels", { "aria-label": `${this.look.title}: channels` });
    this.log = h("ol.log", { role: "log", tabindex: "0", "aria-label": `${this.look.title}: messages` });
    this.jump = h("button.jump", { type: "button", hidden: true, onclick: () => this.toEnd() }, icon("down"), "New messages");
    this.pinned = true; // at the newest message, and meant to stay there when the room changes
    this.log.addEventListener("scroll", () => {
      if (this.log.clientHeight !== this.height) return; // the room changed, nobody scrolled
      this.pinned = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60;
      if (this.pinned) this.jump.hidden = true;
    });
    new ResizeObserver(() => {
      this.height = this.log.clientHeight;
      if (this.pinned) this.toEnd();
    }).observe(this.log);
    this.notice = h("p.notice", { role: "status" });
    this.picker = h("select.people", { "aria-label": `${this.look.title}: act as`, onchange: () => this.become(this.picker.value) });
    this.face = h("span.face");
    this.locale = h("span.locale", { title: "The language this member's app speaks" });
    this.composer = composer(this);
    this.node = h(
      "section.column",
      { "aria-labelledby": id, "data-column": this.platform },
      h("div.top", {}, h("span.glyph", { "aria-hidden": "true" }),
        h("div.names", {}, this.title, this.spaceLine, this.spacePicker), this.counter, this.status, spaceMenu(this)),
      this.tabs,
      h("div.scroll", {}, this.log, this.jump),
      this.notice,
      h("div.foot", {}, h("div.who", {}, this.face, h("span.as", { "aria-hidden": "true" }, "Act as"), this.picker, this.locale), this.composer.node),
    );
  }

  // -- seeing ------------------------------------------------------------------------------------------------
  /** Read the state and draw it; calls that come meanwhile make one more round. */
  async refresh() {
    this.stale = true;
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.stale) {
        this.stale = false;
        this.state = await read(this.platform);
        this.draw();
      }
    } catch (error) {
      if (error instanceof Refused) this.say(error.message, "bad"); // else the stream is gone too, and says so
    } finally {
      this.reading = false;
    }
  }

  count(answers) {
    this.counter.hidden = answers === undefined;
    this.counter.replaceChildren(icon("check"), String(answers), h("span.word", {}, answers === 1 ? "answer" : "answers"));
  }

  draw() {
    if (!this.state) return;
    const { spaces, members, connected } = this.state;
    if (!spaces.some(([id]) => id === this.space)) this.space = spaces[0]?.[0] ?? "";
    this.people = members.filter((one) => one.space === this.space && one.present);
    this.member = this.people.find((one) => one.id === this.member?.id)
      ?? this.people.find((one) => one.role === "member") ?? this.people[0] ?? null;
    this.channels = this.state.channels.filter((one) => !one.member && one.space === this.space);
    this.chat = this.state.channels.find((one) => one.member && one.member === this.member?.id) ?? null;
    const there = [...this.channels, this.chat].filter(Boolean);
    if (!there.some((one) => one.id === this.channel)) this.channel = there[0]?.id ?? "";
    this.status.classList.toggle("on", connected);
    this.status.lastChild.textContent = connected ? "bot here" : "bot away";
    this.drawSpace(spaces);
    this.drawPeople();
    this.drawMessages();
    this.drawTabs(there);
    this.composer.draw();
  }

  /** Run `make` only when what it draws has changed, so that open lists and the focus stay. */
  once(part, seen, make) {
    const signature = JSON.stringify(seen);
    if (this.drawn[part] === signature) return;
    this.drawn[part] = signature;
    make();
  }

  drawSpace(spaces) {
    this.once("space", [spaces, this.space], () => {
      this.spaceLine.textContent = spaces.find(([id]) => id === this.space)?.[1] ?? `no ${this.look.space} yet`;
      this.spaceLine.hidden = spaces.length > 1;
      this.spacePicker.hidden = spaces.length < 2;
      this.spacePicker.replaceChildren(...spaces.map(([id, name]) => h("option", { value: id }, name)));
      this.spacePicker.value = this.space;
    });
  }

  drawPeople() {
    this.once("people", [this.people, this.member?.id], () => {
      this.picker.replaceChildren(...this.people.map((one) =>
        h("option", { value: one.id }, one.role === "member" ? one.name : `${one.name} · ${one.role}`)));
      this.picker.value = this.member?.id ?? "";
      this.face.replaceChildren(this.member ? avatar(this.member.name) : "");
      this.locale.textContent = this.member?.locale ?? "";
      this.locale.hidden = !this.member;
    });
  }

  drawTabs(there) {
    const tabs = there.map((one) => ({
      id: one.id, chat: Boolean(one.member), name: one.member ? "Private" : (one.kind === "thread" ? "↳ " : this.look.channel) + one.name,
      unread: one.id !== this.channel && this.unread(one),
    }));
    if (!this.chat && this.member) tabs.push({ id: "", chat: true, name: "Private", unread: false });
    this.once("tabs", [tabs, this.channel], () => {
      const focused = this.tabs.contains(document.activeElement) ? document.activeElement.dataset.channel : undefined;
      this.tabs.replaceChildren(...tabs.map((tab) => h("button.channel", {
        type: "button", "data-channel": tab.id, "aria-current": tab.id && tab.id === this.channel ? "true" : null,
        onclick: () => (tab.id ? this.open(tab.id) : this.openChat()),
      }, tab.chat && icon("lock"), tab.name, tab.unread && h("span.unread", {}, h("span", {}, "new messages")))));
      if (focused !== undefined) this.tabs.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
    });
  }

  visible(channel) {
    return channel.messages.filter((one) => !one.only_for || one.only_for === this.member?.id);
  }

  unread(channel) {
    const newest = this.visible(channel).findLast((one) => one.author !== this.member?.id)?.id;
    return newest !== undefined && this.read.get(`${this.member?.id} ${channel.id}`) !== newest;
  }

  drawMessages() {
    const channel = this.state.channels.find((one) => one.id === this.channel);
    const fresh = drawLog(this.log, channel ? this.visible(channel) : [], this);
    const newest = channel && this.visible(channel).findLast((one) => one.author !== this.member?.id)?.id;
    if (newest) this.read.set(`${this.member?.id} ${this.channel}`, newest);
    const place = `${this.channel} ${this.member?.id}`;
    if (this.pinned || place !== this.place) this.toEnd();
    else if (fresh) this.jump.hidden = false;
    this.place = place;
  }

  toEnd() {
    this.pinned = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.jump.hidden = true;
  }

  /** A reaction names people by id or by name, whichever the platform shows. */
  nameOf(who) {
    return this.state.members.find((one) => one.id === who)?.name ?? who;
  }

  isMe(people) {
    return Boolean(this.member) && (people.includes(this.member.id) || people.includes(this.member.name));
  }

  say(text, kind = "") {
    clearTimeout(this.silence);
    this.notice.textContent = text;
    this.notice.className = `notice ${kind}`;
    if (text) this.silence = setTimeout(() => this.say(""), SAID_MS);
  }

  // -- moving ------------------------------------------------------------------------------------------------
  become(member) {
    this.member = this.people.find((one) => one.id === member) ?? this.member;
    this.say("");
    this.composer.reset();
    this.draw();
  }

  enter(space) {
    this.space = space;
    this.draw();
  }

  open(channel) {
    this.channel = channel;
    this.composer.reset();
    this.draw();
  }

  async openChat() {
    const channel = await this.act("private", {});
    if (!channel) return;
    this.channel = channel;
    await this.refresh();
    this.draw();
  }

  // -- acting ------------------------------------------------------------------------------------------------
  /** Do something as the chosen member; null when a person could not do it, which is said. */
  async act(name, args) {
    if (!this.member) return null;
    try {
      return (await act(this.platform, name, { member: this.member.id, ...args })) ?? true;
    } catch (error) {
      this.say(error instanceof Refused ? error.message : "The page's server is not there.", "bad");
      return null;
    }
  }

  mark(key, what) {
    if (what) this.marks.set(key, what);
    else this.marks.delete(key);
    this.draw();
  }

  async #touch(name, message, control, args) {
    const key = `${message.id} ${control.id}`;
    this.mark(key, "busy");
    const outcome = await this.act(name, { message: message.id, control: control.id, ...args });
    const good = ["message", "acknowledged"].includes(outcome?.kind);
    this.mark(key, good ? "taken" : outcome?.kind === "failed" ? "failed" : "");
    setTimeout(() => this.mark(key, ""), TICK_MS);
    if (outcome) await this.came(outcome);
  }

  press(message, control) {
    return this.#touch("press", message, control, {});
  }

  pick(message, control, values) {
    return this.#touch("pick", message, control, { values });
  }

  async follow(url) {
    const outcome = await this.act("follow", { url });
    if (!outcome) return;
    await this.refresh();
    const chat = outcome.message?.channel || this.chat?.id;
    if (chat) this.open(chat);
    await this.came(outcome);
  }

  /** Tell what came of an act. */
  async came(outcome) {
    if (outcome === true || !outcome) return;
    const { kind, text } = outcome;
    if (kind === "form" && outcome.form) this.show(outcome.form, text);
    else if (kind === "link" && outcome.url) await this.follow(outcome.url);
    else if (kind === "failed") this.say(text || "hallkeeper did not answer in time.", "bad");
    else if (kind === "deferred") this.say(text || "hallkeeper is thinking…");
    else if (kind === "invalid") this.say(text || "This was not accepted.", "bad");
    else if (text && !outcome.message) this.say(text, "good");
    else if (outcome.message && outcome.message.channel !== this.channel) this.say("hallkeeper answered in another channel.", "good");
    else if (kind === "acknowledged") this.say("Taken.", "good tick");
  }

  show(form, text) {
    const whose = `${this.member.name} on ${this.look.title}`;
    openForm(this.node, { ...form, text }, whose, (current, values) => this.act("fill", { form: current.id, values }), (outcome) => this.came(outcome));
  }

  react(message, emoji, present) {
    return this.act("react", { message: message.id, emoji, present });
  }

  replyTo(message) {
    this.composer.reply(message);
  }

  editing(message) {
    this.composer.edit(message);
  }

  remove(message) {
    return this.act("delete", { message: message.id });
  }
}
