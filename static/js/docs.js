// The API reference: one language for all, finding a call, and the form that makes one.
(() => {
  const office = window.office;
  const KEY = "docs-key";
  const kept = () => { try { return sessionStorage.getItem(KEY) || ""; } catch { return ""; } };
  const keep = (value) => { try { value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY); } catch { /* this page only */ } };

  // The language that was chosen last is open everywhere.
  const show = (language) => document.querySelectorAll(`[data-language="${language}"]`).forEach((one) => { one.open = true; });
  if (office.stored("docs-language")) show(office.stored("docs-language"));
  document.addEventListener("click", (event) => {
    const language = event.target.closest?.("[data-language] > summary")?.parentElement.dataset.language;
    if (language) office.store("docs-language", language);
  });

  // An address that names a call opens it.
  const reveal = () => {
    const one = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (one?.matches("details")) { one.open = true; one.scrollIntoView(); }
  };
  addEventListener("hashchange", reveal);
  reveal();

  const filter = document.querySelector("[data-op-filter]");
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    document.querySelectorAll("[data-op]").forEach((one) => { one.hidden = !words.every((word) => one.dataset.op.toLowerCase().includes(word)); });
    document.querySelectorAll(".op-group").forEach((group) => { group.hidden = !group.querySelector("[data-op]:not([hidden])"); });
    office.announce(`${document.querySelectorAll("[data-op]:not([hidden])").length} calls`);
  };
  filter?.addEventListener("input", narrow);
  if (filter?.value) narrow();  // written before this file was here

  if (document.querySelector("[data-forget-key]")) keep("");
  const form = document.querySelector("[data-try]");
  if (!form) return;
  const key = form.querySelector("[data-key]");
  const body = form.querySelector("[data-body]");
  const button = form.querySelector("[data-send]");
  if (key) {
    if (key.value) keep(key.value.trim()); else key.value = kept();  // pasted before this file was here
    key.addEventListener("input", () => keep(key.value.trim()));
    form.querySelector("[data-forget]").addEventListener("click", () => { key.value = ""; keep(""); key.focus(); });
    // A key that is issued from here, in the drawer, is taken over.
    document.addEventListener("htmx:after:swap", () => {
      const secret = document.querySelector("#drawer-body #secret-value");
      if (secret) { key.value = secret.textContent.trim(); keep(key.value); }
    });
  }
  if (body?.dataset.org) {
    try {
      const sample = JSON.parse(body.value);
      if (typeof sample.org_id === "string") { sample.org_id = body.dataset.org; body.value = JSON.stringify(sample, null, 2); }
    } catch { /* not an object: as it is */ }
  }

  const address = () => {
    let path = form.dataset.path;
    const query = new URLSearchParams(form.dataset.action ? { action: form.dataset.action } : {});
    for (const field of form.querySelectorAll("[data-in]")) {
      if (field.dataset.in === "path") path = path.replace(`{${field.dataset.name}}`, encodeURIComponent(field.value.trim()));
      else if (field.value !== "") query.set(field.dataset.name, field.value.trim());
    }
    return path + (query.size ? `?${query}` : "");
  };
  const headers = () => {
    const sent = { ...JSON.parse(form.dataset.headers) };
    const [name, before] = form.dataset.credential.split("|");
    if (name && key?.value.trim()) sent[name] = before + key.value.trim();
    if (body) sent["Content-Type"] = "application/json";
    return sent;
  };
  const pretty = (text) => { try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; } };

  const send = async () => {
    const empty = [...form.querySelectorAll("[required]")].find((field) => !field.value.trim());
    if (empty) { empty.focus(); empty.setAttribute("aria-invalid", "true"); office.announce(`${empty.dataset.name} is missing.`); return; }
    form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
    button.disabled = true;
    const begun = performance.now();
    let status = "No answer";
    let facts = "The server could not be reached. Check the connection.";
    let text = "";
    try {
      // Without the cookie: what counts is the key, as for any other program.
      const answer = await fetch(address(), { method: form.dataset.method, headers: headers(), body: body?.value, credentials: "omit", cache: "no-store", redirect: "error" });
      text = pretty(await answer.text());
      const left = answer.headers.get("X-RateLimit-Remaining");
      status = `${answer.status} ${answer.statusText}`.trim();
      facts = `${Math.round(performance.now() - begun)} ms${left === null ? "" : ` · ${left} of ${answer.headers.get("X-RateLimit-Limit")} calls left`}`;
    } catch { /* said above */ }
    button.disabled = false;
    const panel = form.querySelector("[data-answer]");
    panel.querySelector("[data-status]").textContent = status;
    panel.querySelector("[data-facts]").textContent = facts;
    panel.querySelector("[data-text]").textContent = text;
    panel.hidden = false;
  };
  button.addEventListener("click", send);
  form.addEventListener("keydown", (event) => {
    const plain = event.target.matches("input") && event.key === "Enter";
    if (plain || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) { event.preventDefault(); send(); }
  });
})();
