// A colour picker beside each colour's text field; the text field stays what is sent.
(() => {
  const HEX = /^#[0-9a-f]{6}$/i;
  document.querySelectorAll(".theme-colours .form-control").forEach((field) => {
    const dot = Object.assign(document.createElement("input"), { type: "color", className: "theme-dot", ariaLabel: `Pick: ${field.labels[0]?.firstChild.textContent.trim()}` });
    const follow = () => { dot.value = HEX.test(field.value) ? field.value : field.placeholder; };
    follow();
    field.addEventListener("input", follow);
    dot.addEventListener("input", () => {
      field.value = dot.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    });
    field.after(dot);
  });
})();
