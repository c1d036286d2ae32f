// An open form in front of one member, as a dialog.

import { h, icon } from "./dom.js";

let made = 0;

/**
 * Show a form to `whose` member. `send(form, values)` sends it and gives the outcome, or null when it could not be sent (it said why).
 * `over(outcome)` is called once, when the form was taken; closing it calls nothing.
 */
export function openForm(host, form, whose, send, over) {
  const dialog = h("dialog.sheet", { "aria-labelledby": `form-${++made}` });
  const title = h("h2", { id: `form-${made}` });
  const banner = h("p.banner", { role: "alert", hidden: true });
  const intro = h("p.intro");
  const fields = h("div.fields");
  const submit = h("button.control", { type: "submit", "data-style": "primary" });
  const leave = h("button.control", { type: "button", onclick: () => dialog.close() });
  const back = document.activeElement;
  let current = form;
  let inputs = [];

  const draw = () => {
    title.textContent = current.title;
    submit.textContent = current.submit || "Send";
    submit.hidden = !current.submit && current.fields.length === 0; // it only tells something
    leave.textContent = submit.hidden ? "Close" : "Cancel";
    intro.textContent = current.text ?? "";
    inputs = current.fields.map((field, index) => drawField(field, `form-${made}-${index}`));
    fields.replaceChildren(...inputs.map((input) => input.node));
  };
  const tell = (text) => {
    banner.textContent = text;
    banner.hidden = !text;
  };
  const sheet = h("form", { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    const wrong = inputs.filter((input) => !input.check());
    if (wrong.length) return wrong[0].focus();
    tell("");
    submit.disabled = true;
    submit.setAttribute("aria-busy", "true");
    const outcome = await send(current, Object.fromEntries(inputs.map((input) => [input.id, input.value()])));
    submit.disabled = false;
    submit.removeAttribute("aria-busy");
    if (!outcome) return tell("This could not be sent. Your words are still here.");
    if (outcome.kind === "failed") return tell(outcome.text || "hallkeeper did not answer in time. Your words are still here.");
    if (outcome.kind === "invalid") {
      for (const input of inputs) input.complain(outcome.form?.fields.find((field) => field.id === input.id)?.error ?? "");
      tell(outcome.text);
      return (inputs.find((input) => input.wrong()) ?? inputs[0])?.focus();
    }
    if (outcome.kind === "form" && outcome.form) {
      current = { ...outcome.form, text: outcome.form.text || outcome.text };
      draw();
      return inputs[0]?.focus();
    }
    dialog.close();
    over(outcome);
  } },
    h("header", {}, h("div", {}, title, h("p.hint", {}, whose)), h("button.tool", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("cross"))),
    banner, intro, fields,
    h("footer", {}, leave, submit));
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (back?.isConnected) back.focus({ preventScroll: true });
  });
  dialog.append(sheet);
  draw();
  host.append(dialog);
  dialog.showModal();
  inputs[0]?.focus();
}

const TYPES = { text: "text", number: "number", date: "date" };

/** One field: its node, and how to read it, check it and complain beside it. */
function drawField(field, id) {
  const listed = field.kind === "checkbox" || field.kind === "radio" || (field.kind === "select" && field.maximum > 1);
  const many = field.kind === "checkbox" || (field.kind === "select" && field.maximum > 1);
  const error = h("p.error", { id: `${id}-error` });
  const hint = [field.hint, limits(field, many)].filter(Boolean).join(" ");
  const hinted = hint ? h("p.hint", { id: `${id}-hint` }, hint) : null;
  const counter = h("p.counter", { "aria-hidden": "true" });
  const describe = { "aria-describedby": `${id}-error${hint ? ` ${id}-hint` : ""}` };
  const common = { id, ...describe, "aria-required": String(field.required) };
  const label = [field.label, field.required ? null : h("small", {}, " optional")];
  const chosen = field.value ? field.value.split(",") : [];
  let control;
  if (listed) {
    const type = many ? "checkbox" : "radio";
    const options = field.options.length ? field.options : [["true", field.label]];
    control = h("div.choices", {}, options.map(([value, text]) => h("label", {},
      h("input", { type, name: id, value, checked: chosen.includes(value) }), h("span", {}, text))));
  } else if (field.kind === "select") {
    control = h("select", common, h("option", { value: "" }, field.required ? "Choose…" : "None"),
      field.options.map(([value, text]) => h("option", { value, selected: value === field.value }, text)));
  } else if (field.kind === "long") {
    control = h("textarea", { ...common, rows: "4" });
    control.value = field.value;
  } else {
    control = h("input", { ...common, type: TYPES[field.kind] ?? "text", value: field.value, autocomplete: "off" });
  }
  const worded = !listed && (field.kind === "text" || field.kind === "long");
  const node = listed
    ? h("fieldset.field", describe, h("legend", {}, label), control, hinted, error)
    : h("div.field", {}, h("label", { for: id }, label), control, h("div.under", {}, h("div", {}, hinted, error), counter));
  const tally = () => {
    if (!worded || !field.maximum) return;
    const length = [...control.value].length;
    counter.textContent = `${length} / ${field.maximum}`;
    counter.classList.toggle("over", length > field.maximum);
  };
  control.addEventListener("input", () => (tally(), complain("")));
  tally();

  const picked = () => [...control.querySelectorAll("input:checked")].map((input) => input.value);
  const value = () => (many ? picked() : listed ? (picked()[0] ?? "") : control.value);
  const complain = (text) => {
    error.textContent = text;
    (listed ? node : control).toggleAttribute("aria-invalid", Boolean(text));
    if (text) (listed ? node : control).setAttribute("aria-invalid", "true");
  };
  const check = () => {
    complain(fault(field, value(), many, worded));
    return !error.textContent;
  };
  complain(field.error);
  const focus = () => (listed ? control.querySelector("input") : control)?.focus();
  return { node, id: field.id, value, check, complain, focus, wrong: () => Boolean(error.textContent) };
}

/** What the platform's own client would not let a person send; empty when it would. */
function fault(field, value, many, worded) {
  const empty = value.length === 0;
  if (empty) return field.required ? "Please fill this in." : "";
  const size = many ? value.length : [...value].length;
  const thing = many ? "choices" : "characters";
  if ((worded || many) && field.maximum && size > field.maximum) return `At most ${field.maximum} ${thing}, these are ${size}.`;
  if ((worded || many) && field.minimum && size < field.minimum) return `At least ${field.minimum} ${thing}, please.`;
  return "";
}

function limits(field, many) {
  const { minimum, maximum } = field;
  if (many && maximum > 1) return minimum > 1 ? `Pick ${minimum} to ${maximum}.` : `Pick up to ${maximum}.`;
  if (field.kind === "number" && maximum) return `From ${minimum} to ${maximum}.`;
  if ((field.kind === "text" || field.kind === "long") && minimum > 1) return `At least ${minimum} characters.`;
  return "";
}
