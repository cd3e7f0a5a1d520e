// Live parts of the back office that ask again and again: with `data-follow="deliveries"` they ask when the live stream says
// that there is news, and rest meanwhile.
"use strict";
(() => {
  const RARELY = 30000, LEAVE = 1500;
  const place = /^\/o\/[^/]+/.exec(location.pathname)?.[0];
  const channels = new Map(); // name -> whether the stream stands, and until when its parts may ask
  if (!place) return;

  async function address(channel) {
    const answer = await fetch(`${place}/live/${channel}`, { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json()).url : "";
  }

  function ask(channel, state) {
    state.until = Date.now() + LEAVE;
    state.asked = Date.now();
    for (const part of document.querySelectorAll(`[data-follow="${CSS.escape(channel)}"]`)) window.htmx.trigger(part, "news");
  }

  function follow(part) {
    const channel = part.dataset.follow;
    if (channels.has(channel)) return;
    const state = { stands: false, until: 0, asked: 0 };
    channels.set(channel, state);
    window.followLive(() => address(channel), () => ask(channel, state), (stands) => { state.stands = stands; if (stands) ask(channel, state); });
  }

  document.addEventListener("htmx:before:request", (event) => {
    const state = channels.get(event.detail.ctx.sourceElement.dataset?.follow);
    if (!state?.stands || Date.now() < state.until) return;
    if (Date.now() - state.asked > RARELY) state.asked = Date.now();
    else event.preventDefault();
  });
  window.office.each("[data-follow]", follow);
})();
