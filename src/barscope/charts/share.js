// A shared run: draws what the page holds, and draws it anew at every zoom. Every text is set as text, never as HTML.
async function sharePage() {
  const by = (id) => document.getElementById(`share-${id}`);
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await shareUnpack("share-plotly"));
  document.head.append(script);
  const content = JSON.parse(new TextDecoder().decode(await shareUnpack("share-content")));
  const dark = matchMedia("(prefers-color-scheme: dark)"), gd = by("chart"), figures = [];
  let theme = content.theme === "auto" ? (dark.matches ? "dark" : "light") : content.theme;
  let chart = content.charts[0], columns = null, view = null, cross = null, frame = 0, drawing = Promise.resolve();
  const known = new Map(), views = new Map();

  const put = (parent, kind, text, className) => {
    const element = document.createElement(kind);
    if (text != null) element.textContent = text;
    if (className) element.className = className;
    return parent.appendChild(element);
  };
  const all = () => [-0.5, chart.bars - 0.5];
  const plotWidth = () => Math.max(200, gd.clientWidth - 76);

  // ---- the chart
  function clamp([first, last]) {
    const width = Math.min(Math.max(last - first, Math.max(8, 4 * chart.step)), chart.bars * 1.1), middle = (first + last) / 2;
    [first, last] = [middle - width / 2, middle + width / 2];
    const shift = Math.max(0.5 - last, 0) + Math.min(chart.bars - 1.5 - first, 0);
    return [first + shift, last + shift];
  }
  function draw() {
    const now = shareView(chart, columns, chart.looks[theme], view, plotWidth());
    gd.dataset.bars = now.b.bars; // what one candle stands for
    gd.dataset.candles = now.b.x.length;
    drawing = drawing.then(() => Plotly.react(gd, now.traces, {...now.layout, autosize: true}, content.config)).then(() => cross && cross.refresh());
    return drawing;
  }
  const soon = () => { frame = frame || requestAnimationFrame(() => { frame = 0; draw(); }); };
  function show(range) {
    view = clamp(range);
    views.set(chart, view);
    soon();
  }
  const zoom = (factor) => {
    const [first, last] = view, middle = (first + last) / 2, half = (last - first) / 2 * factor;
    show(factor > 1 && half * 2 > chart.bars ? all() : [middle - half, middle + half]);
  };
  const move = (share) => { const step = (view[1] - view[0]) * share; show([view[0] + step, view[1] + step]); };
  async function turnTo(next) {
    chart = next;
    if (!known.has(chart)) known.set(chart, shareColumns(chart, await shareUnpack(`share-columns-${content.charts.indexOf(chart)}`)));
    columns = known.get(chart);
    view = views.get(chart) || all();
    by("says").textContent = chart.says;
    gd.setAttribute("aria-label", `Chart of ${chart.symbol}`);
    for (const tab of by("tabs").children) {
      const mine = content.charts[tab.dataset.place] === chart;
      tab.setAttribute("aria-selected", mine);
      tab.tabIndex = mine ? 0 : -1;
    }
    await draw();
  }
  function listen() {
    gd.on("plotly_relayouting", cross.refresh);
    gd.on("plotly_afterplot", cross.refresh);
    gd.on("plotly_relayout", (changes) => {
      if (changes["xaxis.autorange"]) show(all());
      else if ("xaxis.range[0]" in changes || "xaxis.range" in changes) {
        const range = gd.layout.xaxis.range;
        if (range[0] !== view[0] || range[1] !== view[1]) show(range);
      }
    });
    gd.on("plotly_doubleclick", () => { show(all()); return false; });
    gd.addEventListener("keydown", (event) => {
      const act = {ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), Home: () => show(all())}[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    by("in").onclick = () => zoom(0.6);
    by("out").onclick = () => zoom(1 / 0.6);
    by("home").onclick = () => show(all());
    new ResizeObserver(soon).observe(gd);
  }
  function makeTabs() {
    content.charts.forEach((one, place) => {
      const tab = put(by("tabs"), "button", one.symbol);
      tab.type = "button";
      tab.setAttribute("role", "tab");
      tab.dataset.place = place;
      tab.onclick = () => turnTo(one);
    });
    by("tabs").addEventListener("keydown", (event) => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key], tabs = by("tabs").children;
      if (!step) return;
      const next = tabs[(Number(document.activeElement.dataset.place) + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    });
    by("tabs").hidden = content.charts.length < 2;
  }

  // ---- all else
  function paint() {
    for (const [name, value] of Object.entries(content.colours[theme])) document.documentElement.style.setProperty(`--share-${name}`, value);
    document.documentElement.style.colorScheme = theme;
    document.documentElement.dataset.theme = theme;
    by("theme").textContent = theme === "dark" ? "Light" : "Dark";
    by("theme").setAttribute("aria-label", `Turn ${theme === "dark" ? "light" : "dark"}`);
    for (const {element, looks} of figures) Plotly.react(element, looks[theme].data, {...looks[theme].layout, autosize: true}, content.config);
  }
  function makeFigures() {
    for (const {heading, looks} of content.figures) {
      const section = put(by("figures"), "section");
      put(section, "h2", heading);
      const element = put(section, "div", null, "share-figure");
      element.setAttribute("role", "img");
      element.setAttribute("aria-label", heading);
      figures.push({element, looks});
    }
  }
  function makeMetrics() {
    by("metrics").hidden = !content.metrics.length;
    for (const [label, text] of content.metrics) {
      const row = put(by("metrics").querySelector("dl"), "div");
      put(row, "dt", label);
      put(row, "dd", text);
    }
  }
  function makeTrades() {
    const {heads, rows} = content.trades, section = by("trades"), more = section.querySelector("button");
    section.hidden = !rows.length;
    const left = new Set([1, 2, 4, 6]), head = put(section.querySelector("thead"), "tr");
    heads.forEach((text, i) => { put(head, "th", text, left.has(i) ? "text" : "").scope = "col"; });
    let shown = 0;
    const showMore = () => {
      for (const row of rows.slice(shown, shown += 100)) {
        const line = put(section.querySelector("tbody"), "tr");
        row.forEach((text, i) => put(line, "td", text, left.has(i) ? "text" : i === row.length - 1 ? (text.startsWith("+") && !/^\+0\.00$/.test(text) ? "good" : text.startsWith("-") ? "bad" : "") : ""));
      }
      more.hidden = shown >= rows.length;
      more.textContent = `Show more of ${rows.length.toLocaleString("en-US")} trades`;
    };
    more.onclick = showMore;
    showMore();
  }

  by("title").textContent = content.title;
  for (const [label, text] of content.facts) put(by("facts"), "span", `${label} ${text}`);
  makeTabs();
  makeFigures();
  makeMetrics();
  makeTrades();
  await turnTo(chart);
  cross = barscopeCrosshair(gd);
  listen();
  paint();
  by("theme").onclick = () => { theme = theme === "dark" ? "light" : "dark"; paint(); draw(); };
  document.documentElement.dataset.ready = "yes";
}

sharePage().catch((error) => {
  const problem = document.getElementById("share-problem");
  problem.textContent = `This page cannot be drawn by this browser (${error.message}). Open it in a current one.`;
  problem.hidden = false;
  throw error;
});
