// What a page of a competition gains with JavaScript: the viewer's own time zone, a countdown, the way of one entrant lit up,
// changes as they happen and, in a frame, messages to the page around it. Without it everything is there to read.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function localTimes() {
    for (const time of live.querySelectorAll("time:not([title])")) {
      const utc = time.textContent;
      const shown = clock.format(new Date(time.dateTime));
      time.title = utc;
      time.textContent = shown;
    }
  }

  function left(seconds) {
    const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
    if (days) return `${days} d ${hours} h`;
    return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
  }

  function countDown() {
    for (const one of live.querySelectorAll("[data-until]")) {
      const seconds = Math.floor((new Date(one.dataset.until) - Date.now()) / 1000);
      one.textContent = seconds > 0 ? `in ${left(seconds)}` : "";
    }
  }

  // Where only one round fits, the tab of the one that is shown.
  function showTabs() {
    for (const input of live.querySelectorAll(".rounds :checked")) {
      const tab = input.parentElement;
      tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 16;
    }
  }

  // Whoever comes from a private page finds their own way lit up.
  const own = /^#e=([0-9a-f]{8})$/.exec(location.hash)?.[1] ?? "";
  let lit = "";
  function light(entrant) {
    if (entrant === lit) return;
    lit = entrant;
    for (const one of live.querySelectorAll("[data-e]")) one.classList.toggle("lit", entrant !== "" && one.dataset.e === entrant);
  }
  const entrantAt = (event) => event.target.closest?.("[data-e]")?.dataset.e ?? "";
  for (const name of ["pointerover", "focusin"]) live.addEventListener(name, (event) => light(entrantAt(event) || own));
  for (const name of ["pointerleave", "focusout"]) live.addEventListener(name, () => light(own));

  // ---- the page around a frame ----
  const frame = document.body.dataset;
  const allowed = (frame.sites || "").split(" ").filter(Boolean);
  let host = "";

  function fits(site, origin) {
    const [scheme, name] = site.split("://");
    return name.startsWith("*.") ? origin.startsWith(`${scheme}://`) && origin.endsWith(name.slice(1)) : site === origin;
  }

  function tell(type, more) {
    if (host) window.parent.postMessage({ source: "competition-embed", type, competition: frame.embed, ...more }, host);
  }

  if (frame.embed && window.parent !== window) {
    window.addEventListener("message", (event) => {
      const known = event.data?.source === "competition-host" && event.data.type === "hello" && event.data.competition === frame.embed;
      if (event.source !== window.parent || !known || event.origin === "null") return;
      if (allowed.length && !allowed.some((site) => fits(site, event.origin))) return;
      const first = host === "";
      host = event.origin;
      if (first) new ResizeObserver(() => tell("height", { height: Math.ceil(document.body.getBoundingClientRect().height) })).observe(document.body);
      tell("ready", { title: document.title });
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href]");
      if (link) tell("navigate", { url: link.href, leaves: link.target !== "_self" });
    });
  }

  // ---- changes as they happen ----
  const address = new URL(location.href);
  address.searchParams.set("live", "1");
  let wait = Number(live.dataset.wait);
  let timer = 0;
  let followed = false;
  const RARELY = 60000; // while the stream tells

  const over = () => new Set(Array.from(live.querySelectorAll(".m.over"), (match) => match.dataset.m));

  function put(html, tag) {
    const before = over();
    const knew = new Set(Array.from(live.querySelectorAll(".m"), (match) => match.dataset.m));
    const rounds = Array.from(live.querySelectorAll(".rounds :checked"), (one) => `${one.name}.${one.className}`);
    const open = Array.from(live.querySelectorAll("tr details[open]"), (one) => one.closest("tr").dataset.e);
    const at = Array.from(live.querySelectorAll(".scroll"), (one) => [one.scrollLeft, one.scrollTop]);
    const links = () => Array.from(live.querySelectorAll("a, input, summary, [tabindex]"));
    const focus = links().indexOf(document.activeElement);
    const key = (element) => element?.getAttribute("href") ?? element?.className;
    const same = focus < 0 ? null : key(links()[focus]);
    const markup = new DOMParser().parseFromString(html, "text/html");
    live.replaceChildren(...markup.body.childNodes);
    live.dataset.tag = tag;
    for (const one of rounds) {
      const [name, which] = one.split(".");
      const input = live.querySelector(`.rounds input[name="${CSS.escape(name)}"].${CSS.escape(which)}`);
      if (input) input.checked = true;
    }
    for (const one of open) live.querySelector(`tr[data-e="${CSS.escape(one)}"] details`)?.setAttribute("open", "");
    showTabs();
    live.querySelectorAll(".scroll").forEach((one, index) => { if (at[index]) [one.scrollLeft, one.scrollTop] = at[index]; });
    const again = focus < 0 ? null : key(links()[focus]) === same ? links()[focus] : links().find((one) => key(one) === same);
    again?.focus({ preventScroll: true });
    const was = lit;
    lit = "";
    light(was);
    localTimes();
    countDown();
    for (const match of over()) if (!before.has(match) && (knew.has(match) || before.size)) tell("match.completed", { match });
  }

  async function look() {
    try {
      // The browser asks with the ETag that it has. Naming it here would need leave from the server first, in a frame
      // without an origin.
      const answer = await fetch(address, { cache: "no-cache", credentials: "omit" });
      const tag = (answer.headers.get("ETag") || "").replace(/^W\/|"/g, "");
      if (answer.ok && tag !== live.dataset.tag) put(await answer.text(), tag);
      wait = answer.ok ? Number(live.dataset.wait) : Math.min(wait * 2, 60000);
    } catch {
      wait = Math.min(wait * 2, 60000);
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, followed ? Math.max(wait, RARELY) : wait);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  localTimes();
  countDown();
  showTabs();
  light(own);
  if (own) live.querySelector(".tree .lit")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  setInterval(countDown, 1000);
  plan();
  if (live.dataset.stream) window.followLive(() => live.dataset.stream, look, (stands) => { followed = stands; stands ? look() : plan(); });
})();
