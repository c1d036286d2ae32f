// Talks to the server: acts as a member, reads what can be seen, listens for changes.

export class Refused extends Error {}

async function json(response) {
  const data = await response.json().catch(() => ({ error: `The page's server answered ${response.status}.` }));
  if (!response.ok) throw new Refused(data.error ?? `The page's server answered ${response.status}.`);
  return data;
}

/** Do something as a member; gives the outcome. Raises Refused for what a person could not do here. */
export async function act(platform, name, args) {
  const body = JSON.stringify(args);
  const headers = { "Content-Type": "application/json" };
  return (await json(await fetch(`/${platform}/${name}`, { method: "POST", headers, body }))).result;
}

export async function look(platform) {
  return json(await fetch(`/${platform}/state?messages=60`));
}

export async function about() {
  return json(await fetch("/page.json"));
}

/**
 * Call `changed` with each event of the server's stream, `live` with whether the stream stands.
 * A hidden page lets go of its stream: browsers keep only six connections to one host over all windows.
 */
export function listen(changed, live) {
  let source = null;
  const open = () => {
    source = new EventSource("/stream");
    source.onopen = () => live(true);
    source.onerror = () => {
      live(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(reopen, 2000);
    };
    source.onmessage = (event) => changed(JSON.parse(event.data));
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const reopen = () => {
    close();
    if (!document.hidden) open();
  };
  document.addEventListener("visibilitychange", reopen);
  open();
}
