// Amounts in wei are long: while one is typed, its hint says what it comes to in whole coins.
(() => {
  const DECIMALS = 18;
  const words = (text) => {
    if (!/^[0-9]{1,78}$/.test(text)) return "";
    const all = BigInt(text).toString().padStart(DECIMALS + 1, "0");
    const part = all.slice(-DECIMALS).replace(/0+$/, "");
    const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, ",");
    return `${grouped(all.slice(0, -DECIMALS))}${part ? `.${part}` : ""} (${grouped(BigInt(text).toString())} wei)`;
  };
  const say = (input) => {
    const box = input.closest?.("[data-amounts]");
    const hint = box && document.getElementById(`${input.id}-hint`);
    if (!hint) return;
    hint.dataset.usual ||= words(input.defaultValue) ? box.dataset.amounts : hint.textContent;
    hint.textContent = words(input.value.trim()) || hint.dataset.usual;
  };
  document.addEventListener("input", (event) => say(event.target));
  // What was pasted before this file was here, or kept by the browser over a reload.
  document.querySelectorAll("[data-amounts] input").forEach(say);
})();
