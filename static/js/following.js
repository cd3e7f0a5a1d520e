// Live parts of the back office that ask again and again: with `data-follow="deliveries"` they ask when the live stream says
// that there is news, and rest meanwhile.
"use strict";
(() => {
  const RARELY = 30000, LEAVE = 1500, HELD = 6000;
  const place = /^\/o\/[^/]+/.exec(location.pathname)?.[0];
  const channels = new Map(); // name -> whether the stream stands, and until when its parts may ask
  const asked = new WeakMap(); // request -> the address that its part asked
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
    const { ctx } = event.detail;
    if (!ctx.sourceElement.matches("[data-follow]")) return;
    asked.set(ctx, ctx.sourceElement.getAttribute("hx-get"));
    const state = channels.get(ctx.sourceElement.dataset.follow);
    if (!state?.stands || Date.now() < state.until) return;
    if (Date.now() - state.asked > RARELY) state.asked = Date.now();
    else event.preventDefault();
  });
  // What somebody did meanwhile is newer than this answer, or is on its way; and nothing is taken from under their hands.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    const address = asked.get(ctx);
    if (address === undefined) return;
    const same = ctx.sourceElement.isConnected && ctx.sourceElement.getAttribute("hx-get") === address;
    const held = ctx.target?.querySelector("form[data-sending], [aria-invalid=true], [data-menu]:popover-open") || takesFocus(ctx.target, tasks);
    if (same && !held) return;
    event.preventDefault();
    const state = channels.get(ctx.sourceElement.dataset.follow);
    if (state) state.until = Date.now() + HELD;
  });
  const takesFocus = (target, tasks) => {
    const { id } = document.activeElement;
    return id && target?.contains(document.activeElement) && !tasks.some((task) => task.fragment?.querySelector?.(`#${CSS.escape(id)}`));
  };
  window.office.each("[data-follow]", follow);
})();
