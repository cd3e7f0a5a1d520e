// Results typed where the match stands: Enter saves and goes on to the next open match, Escape leaves, arrows move.
(() => {
  const office = window.office;
  const forms = () => [...document.querySelectorAll("form[data-result]")];
  const first = (form) => form?.querySelector(".score-in, button[name=winner]");
  let waiting = null;  // what was typed elsewhere, and who comes after the match that is on its way

  document.addEventListener("keydown", (event) => {
    const input = event.target.closest?.(".score-in");
    if (input && !event.ctrlKey && !event.metaKey && !event.altKey) { move(event, input); return; }
    const writing = event.target.matches?.("input, textarea, select, [contenteditable]");
    if (event.key !== "n" || writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (!document.querySelector("[data-single-keys]")?.checked) return;
    const target = first(forms().find((form) => form.offsetParent));
    if (target) { event.preventDefault(); target.focus(); }
  });

  function move(event, input) {
    const form = input.form;
    if (event.key === "Escape") {
      event.preventDefault();
      form.querySelectorAll(".score-in").forEach((one) => { one.value = ""; });
      input.blur();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = forms().filter((one) => one.offsetParent);
    shown[shown.indexOf(form) + step]?.querySelector(`[name="${input.name}"]`)?.focus();
  }

  // Enter in an empty form says nothing about the match.
  // On the window, to come before whatever marks a form as sent.
  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-result]") || event.submitter?.name === "winner") return;
    const inputs = [...form.querySelectorAll(".score-in")];
    const empty = inputs.find((one) => !one.value.trim());
    if (!empty) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    empty.focus();
  }, true);

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    const source = ctx.sourceElement;
    if (!source?.matches?.("form[data-result]")) return;
    const all = forms();
    const at = all.indexOf(source);
    const typed = new Map();
    for (const form of all) if (form !== source) for (const one of form.querySelectorAll(".score-in")) if (one.value) typed.set(one.id, one.value);
    const shown = source.offsetParent ? (form) => form.offsetParent : () => true;
    waiting = { ctx, sent: source.id, typed, next: [...all.slice(at + 1), ...all.slice(0, at)].filter(shown).map((form) => form.id) };
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (waiting?.ctx !== event.detail.ctx) return;  // its source may be gone from the page by now
    const { sent, typed, next } = waiting;
    waiting = null;
    for (const [id, value] of typed) { const one = document.getElementById(id); if (one && !one.value) one.value = value; }
    const refused = document.querySelector("#matches .winner-in[aria-invalid]") || document.querySelector("#matches .score-in[aria-invalid]");
    if (event.detail.ctx.response?.status === 422) {
      const said = document.querySelector("#matches .notice");
      if (said) office.announce(said.textContent.trim());
      (refused || first(document.getElementById(sent)) || document.querySelector("#matches .score-in"))?.focus();
      return;
    }
    const target = next.map((id) => document.getElementById(id)).find(Boolean) || forms().find((form) => form.offsetParent);
    if (target) first(target)?.focus(); else document.getElementById("page-title")?.focus();
  });

  // What the "?" dialog says of this page.
  const keys = document.querySelector("#shortcuts .keys");
  if (keys) for (const [what, names] of [["First match to report", ["n"]], ["Save a result and go on", ["Enter"]], ["Match above or below", ["↑", "↓"]], ["Leave a result", ["Esc"]]]) {
    const line = document.createElement("div");
    const keyed = document.createElement("dd");
    keyed.append(...names.flatMap((name) => [Object.assign(document.createElement("kbd"), { textContent: name }), " "]));
    line.append(Object.assign(document.createElement("dt"), { textContent: what }), keyed);
    keys.append(line);
  }
})();
