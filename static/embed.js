// Shows a competition on any page: <script src="…/embed.js" data-competition="…" data-theme="light" async></script>
// Events on the element (and, bubbling, on the document): competition:ready, :height, :navigate, :match.completed.
(() => {
  "use strict";
  const script = document.currentScript;
  const { competition, theme = "light", view = "", match = "", height = "600" } = script.dataset;
  if (!competition) return;
  const base = new URL(script.src);
  const page = new URL(`/embed/${encodeURIComponent(competition)}`, base);
  for (const [name, value] of Object.entries({ theme, view, match })) if (value) page.searchParams.set(name, value);

  let place = document.getElementById(`lc-widget-${competition.slice(0, 8)}`);
  if (!place || place.childElementCount) {
    place = document.createElement("div");
    script.after(place);
  }
  const frame = document.createElement("iframe");
  frame.src = page.href;
  frame.title = script.dataset.title || "Competition";
  frame.allow = "clipboard-write";
  frame.style.cssText = `display:block;width:100%;border:0;height:${parseInt(height, 10) || 600}px`;

  const hello = () => frame.contentWindow.postMessage({ source: "competition-host", type: "hello", competition }, page.origin);
  frame.addEventListener("load", hello);
  window.addEventListener("message", (event) => {
    const said = event.data;
    if (event.source !== frame.contentWindow || event.origin !== page.origin) return;
    if (said?.source !== "competition-embed" || said.competition !== competition) return;
    if (!["ready", "height", "navigate", "match.completed"].includes(said.type)) return;
    if (said.type === "height") {
      if (!Number.isFinite(said.height)) return;
      frame.style.height = `${Math.min(Math.max(said.height, 80), 20000)}px`;
    }
    if (said.type === "ready" && typeof said.title === "string") frame.title = said.title;
    place.dispatchEvent(new CustomEvent(`competition:${said.type}`, { bubbles: true, detail: said }));
  });
  place.append(frame);
})();
