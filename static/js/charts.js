// Charts from the JSON beside their table. uPlot is fetched only by pages that hold one.
(() => {
  const office = window.office;
  const base = new URL("../vendor/uplot-1.6.32/", document.currentScript.src);
  let loading = null;
  const library = () => loading ||= new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: new URL("uPlot.min.css", base).href }));
    document.head.append(Object.assign(document.createElement("script"), { src: new URL("uPlot.iife.min.js", base).href, onload: resolve, onerror: reject }));
  });
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
  const full = new Intl.NumberFormat();
  // Days, weeks and months are those of UTC, as in the tables; hours are shown in the viewer's own time.
  const utc = { timeZone: "UTC" };
  const named = { hour: { day: "numeric", month: "short" }, day: { day: "numeric", month: "short", ...utc }, week: { day: "numeric", month: "short", ...utc }, month: { month: "short", year: "numeric", ...utc } };
  const moment = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const charts = new Map();

  // Stacked bars are drawn from the top: each series holds the sum of itself and those below it.
  const stacked = (series) => {
    const sums = [];
    return series.map((one) => one.values.map((value, index) => (sums[index] = (sums[index] || 0) + value)));
  };

  function draw(box) {
    charts.get(box)?.destroy();
    box.replaceChildren();
    box.drawn = box.dataset.chart;
    const data = JSON.parse(box.dataset.chart);
    const bars = data.kind === "bars";
    const heights = bars ? stacked(data.series) : data.series.map((one) => one.values);
    const order = data.series.map((_, index) => index).reverse();
    const line = token("--chart-line"), text = token("--text-2"), surface = token("--surface");
    const labels = data.labels || null;  // x counts from 0 then, and these are its words
    const short = !labels && data.x.length > 1 && data.x[1] - data.x[0] < 86400;
    const each = data.each || (short ? "hour" : "day");
    const day = new Intl.DateTimeFormat(undefined, named[each]);
    const title = (seconds) => (labels ? labels[seconds] : (short ? moment : day).format(seconds * 1000));
    const zone = short ? {} : { tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC") };
    const axis = { stroke: text, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: `12px ${token("--font-sans")}` };
    const gap = (box.clientWidth || 600) / data.x.length > 9 ? 1 : 0;  // an edge around thin bars would leave nothing of them
    const series = order.map((index) => {
      const colour = token(`--tone-${data.series[index].tone}`);
      return bars
        ? { fill: colour, stroke: surface, width: gap, points: { show: false }, paths: window.uPlot.paths.bars({ size: [0.72, 40], radius: index === data.series.length - 1 ? 0.12 : 0 }) }
        : { stroke: colour, width: 2, points: { show: data.x.length < 3 } };
    });
    const note = Object.assign(document.createElement("div"), { className: "chart-note", hidden: true });
    const follow = (plot) => {
      const index = plot.cursor.idx;
      note.hidden = index === null || index === undefined || plot.cursor.left < 0;
      if (note.hidden) return;
      const rows = data.series.map((one) => {
        const row = document.createElement("div");
        row.append(Object.assign(document.createElement("span"), { className: `swatch tone-${one.tone}` }), `${one.label} `, Object.assign(document.createElement("b"), { textContent: full.format(one.values[index]) }));
        return row;
      });
      note.replaceChildren(Object.assign(document.createElement("div"), { className: "quiet", textContent: each === "week" ? `Week from ${title(data.x[index])}` : title(data.x[index]) }), ...rows);
      const left = plot.cursor.left + plot.bbox.left / devicePixelRatio;
      note.style.left = `${left + note.offsetWidth + 24 > box.clientWidth ? left - note.offsetWidth - 12 : left + 12}px`;
    };
    const plot = new window.uPlot({
      ...zone, width: box.clientWidth || 600, height: 220, padding: [12, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: !bars }, drag: { x: false, y: false } },
      scales: { x: { time: !labels, range: bars ? (_, low, high) => { const half = (data.x[1] - data.x[0] || 3600) / 2; return [low - half, high + half]; } : labels ? [-0.4, labels.length - 0.6] : undefined }, y: { range: (_, __, high) => [0, Math.max(high * 1.08, 4)] } },
      axes: [{ ...axis, grid: { show: false }, space: labels ? 136 : 72, size: 30, ...(labels && { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500] }), values: (_, ticks) => ticks.map((tick) => (labels ? cut(labels[tick] || "", box.clientWidth < 480 ? 12 : 18) : short && new Date(tick * 1000).getHours() !== 0 ? new Date(tick * 1000).toLocaleTimeString(undefined, { hour: "numeric", minute: "2-digit" }) : day.format(tick * 1000))) },
        { ...axis, size: 52, space: 40, incrs: [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1e3, 2e3, 2.5e3, 5e3, 1e4, 2e4, 2.5e4, 5e4, 1e5, 2.5e5, 5e5, 1e6, 1e7, 1e8], values: (_, ticks) => ticks.map((tick) => compact.format(tick)) }],
      series: [{}, ...series],
      hooks: { setCursor: [follow] },
    }, [data.x, ...order.map((index) => heights[index])], box);
    box.append(note);
    charts.set(box, plot);
  }

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target, contentRect }) => {
    const plot = charts.get(target);
    if (plot && contentRect.width && Math.abs(plot.width - contentRect.width) > 1) plot.setSize({ width: contentRect.width, height: plot.height });
  }));
  const prepare = (box) => library().then(() => { draw(box); sizes.observe(box); }, () => box.closest(".chart-box").querySelector("details")?.setAttribute("open", ""));
  office.each("[data-chart]", prepare);
  // A morph keeps the box and takes what was drawn in it.
  document.addEventListener("htmx:after:swap", () => charts.forEach((_, box) => { if (box.isConnected && (!box.firstChild || box.drawn !== box.dataset.chart)) draw(box); }));
  document.documentElement.addEventListener("office:theme", () => { for (const box of [...charts.keys()]) if (box.isConnected) draw(box); else charts.delete(box); });
})();
