// Questions before an act, the drawer over a list, and what must not be lost on the way out. Loaded before requests.js:
// a submit is confirmed first and marked as sent after.
(() => {
  const office = window.office;
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("drawer-body");
  const ask = document.getElementById("ask");
  let opener = null;      // what gets the focus back
  let origin = null;      // address of the page under the drawer
  let pushed = 0;         // history entries the drawer made
  let leaving = false;    // our own history.go is under way
  let asked = 0;          // questions so far

  office.ask = ({ title, text, yes = "Continue", no = "Cancel", danger = false }) => new Promise((resolve) => {
    const before = document.activeElement;
    document.getElementById("ask-title").textContent = title;
    document.getElementById("ask-text").textContent = text || "";
    const button = document.getElementById("ask-yes");
    button.textContent = yes;
    button.className = danger ? "btn btn-danger" : "btn btn-primary";
    document.getElementById("ask-no").textContent = no;
    ask.returnValue = "";
    const turn = asked += 1;
    ask.addEventListener("close", function closed() {
      if (turn === asked && ask.open) return;  // a quick second question: this is the first one's close, told late
      ask.removeEventListener("close", closed);
      before?.focus?.();
      resolve(turn === asked && ask.returnValue === "yes");
    });
    ask.showModal();
    document.getElementById("ask-no").focus();
  });

  // Confirmed submits, for plain forms and htmx alike: this runs before htmx's own listener.
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const source = event.submitter?.dataset.confirm ? event.submitter : form;
    const sentence = source.dataset.confirm;
    if (!sentence || form.dataset.confirmed) { delete form.dataset.confirmed; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const label = source.dataset.confirmLabel || event.submitter?.textContent.trim() || "Continue";
    if (await office.ask({ title: `${label}?`, text: sentence, yes: label, danger: source.dataset.confirmKind === "danger" })) {
      form.dataset.confirmed = "true";
      form.requestSubmit(event.submitter || undefined);
    }
  }, true);

  // Irreversible acts: the button opens when the name stands there.
  const lock = (form) => {
    const input = form.querySelector("[name=confirm]");
    const button = form.querySelector("button[type=submit]");
    const open = input.value.trim() === form.dataset.mustType;
    button.disabled = !open;
    button.toggleAttribute("data-locked", !open);
  };
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form");
    if (form?.dataset.mustType !== undefined) lock(form);
    if (form?.hasAttribute("data-dirty-guard")) form.dataset.dirty = "true";
  });
  office.each("form[data-must-type]", lock);

  const dirtyForm = (root) => root.querySelector("form[data-dirty]:not([data-sending])");
  const secret = (root) => root.querySelector("[data-secret-guard]:not([data-stored])");

  async function mayLeave(root) {
    if (secret(root)) {
      const go = await office.ask({ title: "Leave without storing the secret?", text: "It is not shown again. Without it, issue or rotate the key to get a new one.", yes: "Leave", no: "Stay", danger: true });
      if (go) secret(root).dataset.stored = "left";
      return go;
    }
    if (dirtyForm(root)) {
      return office.ask({ title: "Discard what you wrote?", text: "The form has changes that are not sent.", yes: "Discard", no: "Keep editing", danger: true });
    }
    return true;
  }

  addEventListener("beforeunload", (event) => {
    if (secret(document) || dirtyForm(document)) event.preventDefault();
  });

  office.openDrawer = (source) => {
    if (drawer.open) return;
    opener = source?.closest?.("[popover]") ? document.querySelector(`[popovertarget="${source.closest("[popover]").id}"]`) : source;
    origin ||= location.href;
    drawer.showModal();
  };

  function focusInside() {
    const target = body.querySelector(".error-summary, [data-autofocus]") || body.querySelector("[data-secret-guard], #sheet-title");
    target?.focus({ preventScroll: true });
  }

  function shut() {
    if (!drawer.open) return;
    drawer.close();
    body.replaceChildren();
    const back = opener?.isConnected ? opener : document.getElementById(opener?.id) || document.getElementById("page-title");
    back?.focus?.({ preventScroll: true });
    if (back) holdFocus(back);
    opener = null;
  }

  // Chromium drops the focus once more when the history has moved, some time after popstate.
  function holdFocus(back) {
    const again = () => setTimeout(() => { if (document.activeElement === document.body && back.isConnected) back.focus({ preventScroll: true }); });
    back.addEventListener("focusout", again);
    setTimeout(() => back.removeEventListener("focusout", again), 1000);
  }

  async function closeDrawer({ force = false } = {}) {
    if (!drawer.open || ask.open) return;
    if (!force && !(await mayLeave(body))) return;
    const issued = body.querySelector("[data-secret-guard]");
    const steps = pushed;
    const under = origin;
    pushed = 0;
    origin = null;
    shut();
    if (steps) { leaving = true; history.go(-steps); setTimeout(() => { leaving = false; }, 1000); }
    if (issued) refresh(under);
  }
  office.closeDrawer = closeDrawer;

  // Load the page under the drawer again, in place: what was typed, scrolled and focused stays.
  function refresh(url, fallback) {
    const content = document.getElementById("content");
    window.htmx.ajax("GET", url, { target: content, select: "#content > *", swap: "innerMorph", source: content, push: "false" })
      .then(() => { if (content.querySelector(":scope > .failure") && fallback) location.assign(fallback); });
  }

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.target !== body || drawer.open) return;
    origin = location.href;
    pushed = 0;
  });
  document.addEventListener("htmx:after:history:push", () => { if (origin && location.href !== origin) pushed += 1; });
  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    if (ctx.target === body) office.openDrawer(ctx.sourceElement);
    if (body.contains(ctx.sourceElement) && ctx.sourceElement.matches("[role=search]")) {  // somebody goes on typing there
      office.announce(body.querySelector("[data-announce]")?.textContent || "");
      return;
    }
    if (body.contains(ctx.target) || ctx.target === body || !ctx.target?.isConnected) { if (drawer.open) focusInside(); }
    else if (ctx.response?.status === 422) document.querySelector("#content .error-summary")?.focus();
  });

  // Back: over a drawer it closes the drawer; the page below never left.
  document.addEventListener("htmx:before:history:restore", (event) => {
    if (leaving) { leaving = false; event.preventDefault(); return; }
    if (!drawer.open) return;
    event.preventDefault();
    const here = location.href;
    if (secret(body) || dirtyForm(body)) {
      history.pushState({ htmx: true }, "", body.dataset.url || here);
      pushed = 1;
      closeDrawer();
      return;
    }
    pushed = 0;
    origin = null;
    shut();
  });
  document.addEventListener("htmx:after:history:push", (event) => { body.dataset.url = event.detail.path; });

  drawer.addEventListener("cancel", (event) => { event.preventDefault(); closeDrawer(); });
  let pressedOutside = false;
  drawer.addEventListener("mousedown", (event) => { pressedOutside = event.target === drawer; });
  drawer.addEventListener("click", (event) => {
    // Only a press that began and ended on the backdrop closes; selecting text past the edge does not.
    if (event.target === drawer && pressedOutside) closeDrawer();
  });
  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-drawer-close]");
    if (close && drawer.contains(close)) { event.preventDefault(); closeDrawer(); return; }
    const stored = event.target.closest("[data-secret-stored]");
    if (!stored) return;
    stored.closest("[data-secret-guard]").dataset.stored = "true";
    if (drawer.contains(stored)) { event.preventDefault(); closeDrawer(); }
  });

  // A form or action that worked: see render.finish.
  document.addEventListener("office:done", (event) => {
    document.querySelectorAll("form[data-dirty]").forEach((form) => { delete form.dataset.dirty; });
    const under = origin || location.href;
    if (drawer.open) closeDrawer({ force: true });
    refresh(under, event.detail.url);
  });
})();
