// The check-in desk: Enter checks in the first who is found, the box is ready for the next one; sheets print.
(() => {
  const search = document.querySelector("[data-desk-search]");
  const input = search?.querySelector("input[type=search]");
  const list = () => document.getElementById("desk");
  let wanted = false;

  const arrive = () => {
    wanted = false;
    const button = list().querySelector(".desk-list [data-arrive]");
    if (button) { button.click(); return; }
    window.office.announce("Nobody is found who is not here yet.");
  };
  const settled = () => list().dataset.q === input.value.trim();

  search?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (!input.value.trim()) return;
    if (settled()) arrive(); else { wanted = true; search.requestSubmit(); }
  });
  document.addEventListener("htmx:after:swap", () => { if (wanted && input && settled()) arrive(); });
  // Whoever was found by writing is done: the next one is written in an empty box. Before htmx reads the form.
  document.addEventListener("submit", (event) => {
    if (!input || !event.target.querySelector?.("[data-arrive]") || !input.value) return;
    event.target.querySelector("input[name=q]")?.remove();
    input.value = "";
    input.focus();
  }, true);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
})();
