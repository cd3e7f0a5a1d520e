// Small behaviours that every page has. Each works on content that comes later too.
(() => {
  const office = window.office;
  const live = document.getElementById("live");

  office.announce = (text) => {
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 50);
  };

  // ---- toasts
  const toasts = document.getElementById("toasts");
  const icon = (name) => {
    const copy = document.getElementById("icon-template").content.querySelector("svg").cloneNode(true);
    const use = copy.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
    return copy;
  };
  const ICONS = { success: "circle-check", info: "info-circle", warning: "alert-triangle", danger: "alert-circle" };

  office.toast = ({ message, kind = "success", undo = null }) => {
    const box = document.createElement("div");
    box.className = `toast-box toast-${kind}`;
    box.append(icon(ICONS[kind] || "info-circle"), Object.assign(document.createElement("span"), { className: "toast-text", textContent: message }));
    const gone = () => { box.remove(); if (!toasts.children.length && toasts.matches(":popover-open")) toasts.hidePopover(); };
    if (undo) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-sm btn-ghost", textContent: "Undo" });
      button.addEventListener("click", () => { button.disabled = true; window.htmx.ajax("POST", undo, { target: document.getElementById("content"), swap: "none" }).then(gone); });
      box.append(button);
    }
    const close = Object.assign(document.createElement("button"), { type: "button", className: "icon-btn", ariaLabel: "Dismiss" });
    close.append(icon("x"));
    close.addEventListener("click", gone);
    box.append(close);
    toasts.append(box);
    // Shown again, so that it stands above a dialog opened since.
    if (toasts.matches(":popover-open")) toasts.hidePopover();
    toasts.showPopover();
    office.announce(undo ? `${message} Undo is available.` : message);
    let timer;
    const start = () => { if (kind !== "danger") timer = setTimeout(gone, undo ? 12000 : 6000); };
    const stop = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) box.addEventListener(name, stop);
    for (const name of ["mouseleave", "focusout"]) box.addEventListener(name, () => { stop(); start(); });
    start();
  };
  document.addEventListener("toast", (event) => (event.detail.items || [event.detail]).forEach(office.toast));
  office.each("[data-flash]", (flash) => {
    const { message, flash: kind, undo } = flash.dataset;
    flash.remove();
    office.toast({ message, kind, undo: undo || null });
  });

  // ---- copy: what the attribute holds, or the code that the button stands beside, so that no text stands in a page twice
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const done = await copy(button.dataset.copy || button.parentElement.querySelector("code").textContent);
    button.classList.toggle("copied", done);
    button.querySelector("use")?.setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, done ? "#check" : "#copy"));
    office.announce(done ? "Copied" : "Copying is not allowed here. Select the text and copy it.");
    if (!done) office.toast({ message: "The browser did not allow copying. Select the text and copy it.", kind: "warning" });
    setTimeout(() => {
      button.classList.remove("copied");
      button.querySelector("use")?.setAttribute("href", button.querySelector("use").getAttribute("href").replace(/#.*/, "#copy"));
    }, 1600);
  });
  async function copy(text) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* plain http: the older way */ }
    const area = Object.assign(document.createElement("textarea"), { value: text, className: "offscreen" });
    (document.querySelector("dialog[open]") || document.body).append(area);
    const before = document.activeElement;
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    before?.focus?.({ preventScroll: true });
    return done;
  }

  // ---- times
  const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const withZone = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
  const UNITS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const words = (moment) => {
    const seconds = (moment - Date.now()) / 1000;
    if (Math.abs(seconds) < 45) return seconds > 5 ? "in a moment" : "just now";
    const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length * 0.95) || UNITS.at(-1);
    return relative.format(Math.round(seconds / size), unit);
  };
  const paintTime = (element) => {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) return;
    const text = element.hasAttribute("data-exact") || office.stored("times") === "absolute" ? absolute.format(moment) : words(moment);
    if (element.textContent !== text) element.textContent = text;
    if (element.dataset.tip) return;
    element.dataset.tip = `${withZone.format(moment)} · ${moment.toISOString().replace(/\.\d+/, "")}`;
    element.tabIndex = 0;
  };
  const paintTimes = () => document.querySelectorAll("time[datetime]").forEach(paintTime);
  paintTimes();
  document.addEventListener("htmx:after:swap", paintTimes);
  setInterval(() => { if (!document.hidden) paintTimes(); }, 30000);

  // ---- appearance
  const paintChoices = () => {
    const theme = document.documentElement.dataset.themeChoice;
    const times = office.stored("times") || "relative";
    document.querySelectorAll("[data-theme-choice]:not(html)").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.themeChoice === theme)));
    document.querySelectorAll("[data-times-choice]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.timesChoice === times)));
  };
  document.addEventListener("click", (event) => {
    const theme = event.target.closest("button[data-theme-choice]");
    const times = event.target.closest("button[data-times-choice]");
    if (theme) office.setTheme(theme.dataset.themeChoice);
    if (times) { office.store("times", times.dataset.timesChoice); paintTimes(); }
    if (theme || times) paintChoices();
  });
  paintChoices();

  // ---- menus: native popovers, put beside their button
  const beside = (box, anchor, gap = 4) => {
    const from = anchor.getBoundingClientRect();
    const width = box.offsetWidth, height = box.offsetHeight;
    const under = from.bottom + gap + height <= innerHeight - 8 || from.top - gap - height < 8;
    const left = from.left + width > innerWidth - 8 ? from.right - width : from.left;
    box.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    box.style.top = `${Math.max(8, under ? Math.min(from.bottom + gap, innerHeight - height - 8) : from.top - gap - height)}px`;
  };
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("[data-menu]")) return;
    const button = document.querySelector(`[popovertarget="${menu.id}"]`);
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState !== "open" || !button) return;
    beside(menu, button);
    menu.querySelector("a, button, input:not([type=hidden])")?.focus({ preventScroll: true });
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("[data-menu]");
    if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    const items = [...menu.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden]):not(:disabled)")].filter((one) => one.offsetParent);
    const at = items.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    event.preventDefault();
    items.at(next % items.length)?.focus();
  });
  document.addEventListener("click", (event) => {
    const item = event.target.closest(".menu-item");
    const menu = item?.closest("[popover]");
    if (menu?.matches(":popover-open") && !item.matches("[data-theme-choice], [data-times-choice]")) setTimeout(() => menu.hidePopover?.(), item.matches("[data-copy]") ? 500 : 0);
  });
  // An open menu stays with its button while the page moves, and goes when the button does.
  addEventListener("scroll", (event) => {
    const menu = document.querySelector("[data-menu]:popover-open");
    const button = menu && !menu.contains(event.target) && document.querySelector(`[popovertarget="${menu.id}"]`);
    if (!button) return;
    const { top, bottom } = button.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) menu.hidePopover(); else beside(menu, button);
  }, { capture: true, passive: true });

  // ---- tips, on hover and on focus; Esc puts them away
  const tip = document.getElementById("tip");
  const hideTip = () => { if (tip.matches(":popover-open")) tip.hidePopover(); };
  const showTip = (event) => {
    const from = event.target.closest?.("[data-tip]");
    if (!from) return;
    tip.textContent = from.dataset.tip;
    if (!tip.matches(":popover-open")) tip.showPopover();
    beside(tip, from, 6);
  };
  for (const name of ["mouseover", "focusin"]) document.addEventListener(name, showTip);
  for (const name of ["mouseout", "focusout"]) document.addEventListener(name, (event) => { if (event.target.closest?.("[data-tip]")) hideTip(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

  // ---- lists
  const paintSelection = (name) => {
    const bar = document.getElementById(`${name}-bulk`);
    if (!bar) return;
    // Not bar.id: the boxes are named "id", and a form's named controls hide its own properties.
    const boxes = [...document.querySelectorAll(`input[form="${name}-bulk"]`)];
    const on = boxes.filter((box) => box.checked);
    bar.classList.toggle("selection-on", on.length > 0);
    bar.querySelector("[data-selected]").textContent = `${on.length.toLocaleString()} selected`;
    bar.querySelectorAll("button").forEach((button) => { button.disabled = on.length === 0; });
    boxes.forEach((box) => box.closest("tr").classList.toggle("row-selected", box.checked));
    const all = document.querySelector(`#${CSS.escape(name)} [data-select-all]`);
    if (all) { all.checked = on.length > 0 && on.length === boxes.length; all.indeterminate = on.length > 0 && on.length < boxes.length; }
  };
  document.addEventListener("change", (event) => {
    const list = event.target.closest?.("[data-table]");
    if (!list) return;
    if (event.target.matches("[data-select-all]")) list.querySelectorAll(".cell-select input[name=id]").forEach((box) => { box.checked = event.target.checked; });
    if (event.target.closest(".cell-select")) paintSelection(list.dataset.table);
    const columns = event.target.closest("form[data-columns]");
    if (columns) {
      const chosen = [...columns.querySelectorAll("input[name=columns]:checked")].map((box) => box.value);
      document.cookie = `columns.${columns.dataset.columns}=${chosen.join(".")}; path=/; max-age=31536000; samesite=lax`;
      columns.requestSubmit();
    }
  });
  office.each("[data-table]", (list) => paintSelection(list.dataset.table));

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const region = ctx.target?.closest?.("[data-table]") || document.getElementById(ctx.target?.id);
    if (!region?.matches?.("[data-table]")) return;
    if (ctx.live) { paintSelection(region.dataset.table); return; }
    // A morph leaves what a person chose in a control; the address says what counts now.
    region.querySelectorAll("form[data-filters] select, form[data-filters] input").forEach((control) => {
      if (control === document.activeElement) return;
      if (control.tagName === "SELECT") control.selectedIndex = Math.max(0, [...control.options].findIndex((option) => option.defaultSelected));
      else if (control.type !== "hidden") control.value = control.defaultValue;
    });
    paintSelection(region.dataset.table);
    office.announce(region.querySelector("[data-announce]")?.textContent || region.querySelector(".empty-state h2")?.textContent || "");
  });

  // ---- the side navigation on a narrow window
  const side = document.getElementById("side");
  const sideButton = document.querySelector("[data-side-open]");
  const setSide = (open) => {
    document.body.classList.toggle("side-is-open", open);
    sideButton?.setAttribute("aria-expanded", String(open));
    if (open) side.querySelector("[data-side-close]").focus();
    else if (side?.contains(document.activeElement)) sideButton?.focus();
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-side-open]")) setSide(true);
    else if (event.target.closest("[data-side-close]") || (document.body.classList.contains("side-is-open") && !event.target.closest("#side, [popover], dialog"))) setSide(false);
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && document.body.classList.contains("side-is-open")) setSide(false); });

  // Live parts rest while nobody looks. What they change is said where it matters: [data-announce-change], and nothing else.
  const said = () => document.querySelector("[data-announce-change]")?.textContent.trim() || "";
  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    ctx.live = ctx.sourceElement.hasAttribute("data-live");
    if (ctx.live && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:before:swap", (event) => { event.detail.ctx.said = said(); });
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.live && said() && said() !== ctx.said) office.announce(said());
  });
  // Whoever opened something keeps it open, whatever a morph brings.
  window.htmx.registerExtension("kept-open", { htmx_before_morph_attr: (element, { attrName }) => attrName !== "open" || !element.matches("details") });
  // The tab one stands on, where tabs do not fit beside each other.
  document.querySelectorAll(".tabs [aria-current]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2; });
  // The error summary of a page that came back without htmx.
  document.querySelector("#content .error-summary")?.focus();
})();
