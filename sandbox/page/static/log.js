// The messages of a channel in reading order, drawn with as little change as possible.

import { drawMessage } from "./message.js";

const JOINED_SECONDS = 240;

/** By time, each thread under the message that it hangs on. */
function inOrder(messages) {
  const known = new Set(messages.map((one) => one.id));
  const nested = (one) => one.thread && one.thread !== one.id && known.has(one.thread);
  const threads = Map.groupBy(messages.filter(nested), (one) => one.thread);
  return messages.filter((one) => !nested(one)).flatMap((one) => [
    { message: one, nested: false }, ...(threads.get(one.id) ?? []).map((message) => ({ message, nested: true })),
  ]);
}

/** Draw the messages into the list; gives whether there is a new one by somebody else. */
export function drawLog(list, messages, seat) {
  const known = new Map(messages.map((one) => [one.id, one]));
  const nodes = new Map([...list.children].map((node) => [node.dataset.message, node]));
  const first = nodes.size === 0;
  const focus = focused(list);
  let fresh = false;
  let previous = null;
  let cursor = list.firstChild;
  for (const { message, nested } of inOrder(messages)) {
    const quoted = message.reply_to && message.reply_to !== message.thread ? known.get(message.reply_to) : null;
    const joined = Boolean(previous && previous.message.author === message.author && previous.nested === nested
      && !message.only_for && !previous.message.only_for && !quoted && message.at - previous.message.at < JOINED_SECONDS);
    const marks = message.controls.map((one) => seat.marks.get(`${message.id} ${one.id}`) ?? "");
    const signature = JSON.stringify([message, joined, nested, quoted?.text, marks, seat.member?.id]);
    let node = nodes.get(message.id);
    if (node?.signature !== signature) {
      const drawn = drawMessage(message, seat, { joined, quoted, nested });
      drawn.signature = signature;
      if (node) {
        if (cursor === node) cursor = drawn;
        node.replaceWith(drawn);
      } else {
        fresh ||= message.author !== seat.member?.id;
        if (!first) drawn.classList.add("fresh");
      }
      node = drawn;
    }
    nodes.delete(message.id);
    if (node === cursor) cursor = cursor.nextSibling;
    else list.insertBefore(node, cursor);
    previous = { message, nested };
  }
  for (const node of nodes.values()) node.remove();
  restore(list, focus);
  return fresh && !first;
}

/** Where the focus is, in words that survive a new drawing. */
function focused(list) {
  const node = document.activeElement;
  if (!node || !list.contains(node)) return null;
  return { message: node.closest("[data-message]")?.dataset.message, focus: node.dataset.focus };
}

function restore(list, spot) {
  if (!spot?.focus || list.contains(document.activeElement) && document.activeElement !== list) return;
  const message = list.querySelector(`[data-message="${CSS.escape(spot.message)}"]`);
  message?.querySelector(`[data-focus="${CSS.escape(spot.focus)}"]`)?.focus({ preventScroll: true });
}
