// Loaded in <head> without defer: the theme stands before the first paint.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode: this page only */ } };
  let choice = stored("theme") || "auto";

  const apply = () => {
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    root.dataset.themeChoice = choice;
    root.dispatchEvent(new CustomEvent("office:theme"));
  };
  dark.addEventListener("change", apply);
  addEventListener("storage", (event) => { if (event.key === "theme") { choice = event.newValue || "auto"; apply(); } });
  root.classList.add("js");
  // Calls `act` once for each element that matches, now and whenever htmx brings a new one.
  const each = (selector, act) => {
    const seen = new WeakSet();
    const look = () => document.querySelectorAll(selector).forEach((one) => { if (!seen.has(one)) { seen.add(one); act(one); } });
    look();
    document.addEventListener("htmx:after:swap", look);
  };
  window.office = { stored, store, each, setTheme(value) { choice = value; store("theme", value); apply(); } };
  apply();
})();
