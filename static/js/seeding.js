// Seeding: rows are moved by dragging, buttons, the number beside them, or the keyboard; saved only by the form.
(() => {
  const office = window.office;
  const list = () => document.querySelector("[data-seed-list]");
  const rows = () => [...list().children];
  const number = (row) => row.querySelector(".seed-number");
  const grip = (row) => row.querySelector("[data-grip]");
  let held = null;      // the row that the keyboard holds
  let heldFrom = 0;     // where it stood

  const renumber = (from = 0, to = Infinity) => rows().forEach((row, at) => { if (at >= from && at <= to) number(row).value = at + 1; });
  const changed = () => {
    const form = list().closest("form");
    form.dataset.dirty = "true";
    const state = document.querySelector("[data-seed-state]");
    if (state) state.textContent = "This order is a draft: save it to keep it.";
  };
  // Puts the row at that place, from 0; the numbers between follow.
  function move(row, to) {
    const all = rows();
    const from = all.indexOf(row);
    const at = Math.max(0, Math.min(to, all.length - 1));
    if (at === from) { number(row).value = at + 1; return at; }
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    all[at][at > from ? "after" : "before"](row);
    focused?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    renumber(Math.min(from, at), Math.max(from, at));
    changed();
    return at;
  }
  const say = (row, at) => office.announce(`${row.dataset.name}, seed ${at + 1} of ${rows().length}`);
  const rowOf = (element) => element.closest?.("[data-seed-row]");

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) {
      const row = rowOf(button);
      const at = rows().indexOf(row);
      say(row, move(row, { top: 0, up: at - 1, down: at + 1 }[button.dataset.move]));
    } else if (event.target.closest("[data-spread]")) spread();
    else if (event.target.closest("[data-seed-discard]")) delete list().closest("form").dataset.dirty;
  });

  // A number that was written is the place to go to.
  const place = (input) => {
    const row = rowOf(input);
    const wanted = Number(input.value);
    if (!Number.isInteger(wanted) || wanted < 1) return false;
    say(row, move(row, wanted - 1));
    return true;
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.(".seed-number") && rowOf(event.target)) place(event.target);
    else if (event.target.matches?.(".seed-group")) changed();
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches?.(".seed-number")) event.target.select(); });

  const hold = (row) => {
    held = row;
    heldFrom = rows().indexOf(row);
    grip(row).setAttribute("aria-pressed", "true");
    row.classList.add("seed-held");
    office.announce(`${row.dataset.name} is grabbed, seed ${heldFrom + 1} of ${rows().length}. Arrow keys move, Space drops, Escape puts it back.`);
  };
  const drop = (back = false) => {
    const row = held;
    held = null;
    if (back) move(row, heldFrom);
    grip(row).setAttribute("aria-pressed", "false");
    row.classList.remove("seed-held");
    office.announce(`${row.dataset.name} is ${back ? "back" : "dropped"} at seed ${rows().indexOf(row) + 1}.`);
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.matches?.(".seed-number") && event.key === "Enter") { event.preventDefault(); place(event.target); return; }
    const handle = event.target.closest?.("[data-grip]");
    if (!handle) return;
    const row = rowOf(handle);
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); if (held) drop(); else hold(row); return; }
    if (!held) return;
    if (event.key === "Escape" || event.key === "Tab") { if (event.key === "Escape") event.preventDefault(); drop(event.key === "Escape"); return; }
    const at = rows().indexOf(held);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: rows().length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    say(held, move(held, to));
  });
  document.addEventListener("focusout", (event) => { if (held && event.target === grip(held) && event.relatedTarget && !held.contains(event.relatedTarget)) drop(); });

  // Snake order: A B C, C B A, and so on.
  function spread() {
    const names = [...list().querySelector(".seed-group").options].map((option) => option.value).filter(Boolean);
    const line = [...names, ...names.toReversed()];
    rows().forEach((row, at) => { row.querySelector(".seed-group").value = line[at % line.length]; });
    changed();
    office.announce(`Everybody is spread over ${names.length} groups by seed.`);
  }

  // What is shown is what was saved: nothing is drawn anew.
  document.addEventListener("seeds:saved", (event) => {
    delete list().closest("form").dataset.dirty;
    document.querySelector("[data-seed-state]").textContent = "Everybody has a seed.";
    document.querySelectorAll("[data-seed-note]").forEach((note) => note.remove());
    history.replaceState(history.state, "", event.detail.url);
  });

  const sortable = () => {
    if (!list() || !list().querySelector("[data-grip]") || window.Sortable.get(list())) return;
    window.Sortable.create(list(), {
      handle: "[data-grip]",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      ghostClass: "seed-ghost",
      onEnd: ({ item, oldIndex, newIndex }) => {
        if (oldIndex === newIndex) return;
        renumber(Math.min(oldIndex, newIndex), Math.max(oldIndex, newIndex));
        changed();
        say(item, newIndex);
      },
    });
  };
  sortable();
  document.addEventListener("htmx:after:swap", () => {
    sortable();
    // A morph leaves what a person chose in a control; where nothing is unsaved, the page says what counts.
    const form = list()?.closest("form");
    if (form && !form.dataset.dirty) form.reset();
  });
})();
