// Every request: shown when slow, sent once, explained in place when it fails.
(() => {
  const SLOW = 300;
  const progress = document.getElementById("progress");
  const pending = new Map();

  const showProgress = () => { progress.hidden = pending.size === 0 || ![...pending.values()].some((entry) => entry.slow); };

  const quiet = (element) => element.hasAttribute("data-live");

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    clearFailure(ctx.sourceElement);
    if (quiet(ctx.sourceElement)) return;
    const entry = { slow: false };
    entry.timer = setTimeout(() => { entry.slow = true; showProgress(); ctx.target?.setAttribute?.("aria-busy", "true"); }, SLOW);
    pending.set(ctx, entry);
  });

  document.addEventListener("htmx:finally:request", (event) => {
    const { ctx } = event.detail;
    clearTimeout(pending.get(ctx)?.timer);
    pending.delete(ctx);
    ctx.target?.removeAttribute?.("aria-busy");
    showProgress();
    release(ctx.sourceElement);
  });

  // Empty filters do not belong in the address.
  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (!ctx.sourceElement.matches("form[method=get]")) return;
    for (const [key, value] of [...ctx.request.body]) if (value === "") ctx.request.body.delete(key);
    const columns = ctx.request.body.getAll("columns");
    if (columns.length > 1) { ctx.request.body.delete("columns"); ctx.request.body.set("columns", columns.join(",")); }
  });

  // 422 is the form itself; other refusals are explained beside what was asked, and never replace it.
  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail;
    const status = ctx.response.status;
    if (ctx.response.raw.redirected && new URL(ctx.response.raw.url).pathname !== new URL(ctx.request.action, location.href).pathname) {
      // A fetch follows redirects by itself; the page it was sent to is a page, not a fragment (the sign-in, say).
      event.preventDefault();
      location.assign(ctx.response.raw.url);
      return;
    }
    if (status < 400 || status === 422) return;
    event.preventDefault();
    explain(ctx, status);
  });

  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (!ctx?.sourceElement || ctx.response) return;
    const late = ctx.request.signal?.reason === "timeout";
    fail(ctx, late ? "The server took too long to answer." : "The server could not be reached. Check the connection.", 0);
  });

  async function explain(ctx, status) {
    const headers = ctx.response.headers;
    const wait = Number(headers.get("Retry-After")) || 0;
    let said = "";
    try {
      const page = new DOMParser().parseFromString(await ctx.response.raw.text(), "text/html");
      said = page.getElementById("error-sentence")?.textContent.trim() || "";
    } catch { /* the status alone has to do */ }
    const usual = status === 429 ? "Too many requests in a short time." : status >= 500 ? "The server could not do that." : "That was refused.";
    fail(ctx, said || usual, wait, headers.get("X-Request-Id"), status);
  }

  function place(ctx) {
    const target = ctx.target?.isConnected ? ctx.target : ctx.sourceElement;
    if (target.id === "drawer-body" || target.closest("#drawer-body")) return document.getElementById("drawer-body");
    return target.closest(".list, .panel, form:not(.inline-form)") || document.getElementById("content");
  }

  function clearFailure(element) {
    const area = element?.closest?.(".list, .panel, #drawer-body, #content");
    area?.querySelectorAll(":scope > .failure").forEach((old) => old.remove());
  }

  function fail(ctx, message, wait, requestId, status) {
    if (quiet(ctx.sourceElement)) return;
    const area = place(ctx);
    if (area.id === "drawer-body") window.office.openDrawer(ctx.sourceElement);
    area.querySelectorAll(":scope > .failure").forEach((old) => old.remove());
    const box = document.createElement("div");
    box.className = "notice notice-danger failure";
    box.setAttribute("role", "alert");
    const text = document.createElement("div");
    text.textContent = message;
    if (requestId) {
      const id = document.createElement("span");
      id.className = "quiet failure-id";
      id.append(" Request ", Object.assign(document.createElement("code"), { textContent: requestId }));
      text.append(id);
    }
    box.append(text);
    if (!status || status >= 500 || status === 429 || status === 408) box.append(retryButton(ctx, wait, box));
    area.prepend(box);
    box.scrollIntoView({ block: "nearest" });
  }

  function retryButton(ctx, wait, box) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-default btn-sm";
    let left = Math.min(wait, 3600);
    const label = () => { button.textContent = left > 0 ? `Try again in ${left} s` : "Try again"; button.disabled = left > 0; };
    label();
    if (left > 0) {
      const timer = setInterval(() => { left -= 1; label(); if (left <= 0 || !button.isConnected) clearInterval(timer); }, 1000);
    }
    button.addEventListener("click", () => {
      box.remove();
      const source = ctx.sourceElement;
      if (source.matches("form")) source.requestSubmit(source.contains(ctx.request.submitter) ? ctx.request.submitter : undefined);
      else if (ctx.sourceEvent?.type === "click") source.click();
      else window.htmx.trigger(source, ctx.sourceEvent?.type || "click");
    });
    return button;
  }

  // Sent once. The second submit of a form on its way is dropped; buttons come back when the answer does.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get" || form.method === "dialog") return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (event.defaultPrevented) return;
    form.dataset.sending = "true";
    const button = event.submitter || form.querySelector("button[type=submit]");
    // After this task: a button disabled now would not be part of what is sent.
    setTimeout(() => {
      form.querySelectorAll("button[type=submit]").forEach((one) => { one.disabled = true; });
      button?.setAttribute("aria-busy", "true");
    });
    if (form.hasAttribute("data-download")) setTimeout(() => release(form), 3000);
  }, true);

  function release(element) {
    const form = element?.matches?.("form") ? element : element?.closest?.("form");
    if (!form?.dataset.sending) return;
    delete form.dataset.sending;
    setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((one) => {
      one.removeAttribute("aria-busy");
      one.disabled = one.hasAttribute("data-locked");
    }));
  }

  // Back from the browser's page cache: the page is as it was left, in the middle of sending.
  addEventListener("pageshow", (event) => { if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(release); });
})();
