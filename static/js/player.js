// What the pages of players gain with JavaScript: their own time zone, a copy button, a form that sends once, and changes as
// they happen. Without it everything is there.
"use strict";
(() => {
  const EVERY = 10000;
  const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  function dress(root) {
    for (const time of root.querySelectorAll("time:not([title])")) {
      time.title = time.textContent;
      time.textContent = clock.format(new Date(time.dateTime));
    }
    for (const button of root.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(button.dataset.copy);
          button.textContent = "Copied";
        } catch {
          document.getElementById("link")?.select();
          button.textContent = "Press Ctrl+C to copy";
        }
      });
    }
    for (const form of root.querySelectorAll("form[data-once]")) {
      form.addEventListener("submit", (event) => {
        if (form.dataset.sent) event.preventDefault();
        form.dataset.sent = "1";
      });
    }
  }

  // Back from another page, the form may be sent again: the server tells a second sending from a first.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent));

  const part = document.querySelector("[data-fresh]");
  let seen = part?.innerHTML;

  async function look() {
    if (document.hidden || part.contains(document.activeElement) || part.querySelector("details[open]")) return;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (!answer.ok) return;
      const markup = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = markup.querySelector("[data-fresh]");
      if (!now || now.innerHTML === seen) return;
      seen = now.innerHTML;
      part.replaceChildren(...now.childNodes);
      dress(part);
    } catch {
      // The next look finds out.
    }
  }

  dress(document);
  document.getElementById("trouble")?.focus();
  if (part) setInterval(look, EVERY);
  if (part) document.addEventListener("visibilitychange", look);
})();
