// Keys: "/" to the search, "?" for help, Ctrl or Command K to go anywhere. Single keys can be switched off.
(() => {
  const office = window.office;
  const help = document.getElementById("shortcuts");
  const palette = document.getElementById("palette");
  const input = document.getElementById("palette-input");
  const list = document.getElementById("palette-list");
  const single = document.querySelector("[data-single-keys]");
  if (/Mac|iP(hone|ad)/.test(navigator.platform)) document.querySelectorAll("[data-mod-k]").forEach((key) => { key.textContent = "⌘ K"; });

  single.checked = office.stored("single-keys") !== "off";
  single.addEventListener("change", () => office.store("single-keys", single.checked ? "on" : "off"));
  const writing = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") { event.preventDefault(); open(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || !single.checked || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const search = document.querySelector("main [data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    } else if (event.key === "?") { event.preventDefault(); help.showModal(); }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-shortcuts-open]")) help.showModal();
    if (event.target.closest("[data-palette-open]")) open();
    if (event.target === palette) palette.close();
  });

  const places = () => [
    ...[...document.querySelectorAll(".side-nav a")].map((link) => ({ url: link.href, text: link.textContent.trim(), note: link.closest("ul").previousElementSibling?.textContent.trim() || "" })),
    ...[...document.querySelectorAll("#menu-switcher a")].map((link) => ({ url: link.href, text: link.querySelector("span:not(.monogram)").textContent.trim(), note: "Organization" })),
    ...[...document.querySelectorAll(".page-actions a")].map((link) => ({ element: link, url: link.href, text: link.textContent.trim(), note: "Action" })),
  ];
  let shown = [];
  let at = 0;

  function open() {
    if (palette.open || document.querySelector("dialog[open]")) return;
    input.value = "";
    ask();
    palette.showModal();
  }
  // What this page knows is there at once; names and ids come from the server a moment later.
  let found = [];
  let asking = null;
  let pause = null;
  function ask() {
    asking?.abort();
    clearTimeout(pause);
    found = [];
    const text = input.value.trim();
    if (text && palette.dataset.searchUrl) pause = setTimeout(() => fetchHits(text), 150);
    paint();
  }
  async function fetchHits(text) {
    asking = new AbortController();
    try {
      const answer = await fetch(`${palette.dataset.searchUrl}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" }, signal: asking.signal });
      if (!answer.ok || answer.redirected) return;
      found = await answer.json();
      paint(at);
    } catch { /* away or overtaken: the pages stay */ }
  }

  function paint(keep = 0) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = places().filter((one) => words.every((word) => `${one.text} ${one.note}`.toLowerCase().includes(word)));
    const known = new Set(shown.map((one) => new URL(one.url, location.href).href));
    shown.push(...found.filter((one) => !known.has(new URL(one.url, location.href).href)));
    at = Math.min(keep, Math.max(0, shown.length - 1));
    list.replaceChildren(...shown.map((one, index) => {
      const item = Object.assign(document.createElement("li"), { id: `palette-${index}` });
      item.setAttribute("role", "option");
      item.append(Object.assign(document.createElement("span"), { textContent: one.text }), Object.assign(document.createElement("span"), { className: "quiet", textContent: one.note }));
      item.addEventListener("click", () => go(index));
      return item;
    }));
    if (!shown.length) list.append(Object.assign(document.createElement("li"), { className: "palette-none", textContent: "Nothing by that name." }));
    mark();
  }
  function mark() {
    [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at && shown.length > 0)));
    input.setAttribute("aria-activedescendant", shown.length ? `palette-${at}` : "");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }
  function go(index) {
    const one = shown[index];
    if (!one) return;
    palette.close();
    if (one.element) one.element.click(); else location.assign(one.url);
  }
  input.addEventListener("input", ask);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); go(at); }
    if (event.key === "Escape") { event.preventDefault(); palette.close(); }  // a search box would only empty itself
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !shown.length) return;
    event.preventDefault();
    at = (at + step + shown.length) % shown.length;
    mark();
  });
})();
