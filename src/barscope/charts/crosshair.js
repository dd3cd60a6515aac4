// A crosshair and legend for a barscope figure: plain DOM over the plot, so moving the pointer never redraws it.
// Reads what Plotly drew (`gd._fullData`, `gd._fullLayout`) and `layout.meta`; every text is set as text, never as HTML.
function barscopeCrosshair(gd) {
  const overlay = make(gd, "div", "barscope-overlay");
  overlay.setAttribute("aria-hidden", "true");
  const vertical = make(overlay, "div", "barscope-line");
  const horizontal = make(overlay, "div", "barscope-line");
  const timeTag = make(make(overlay, "div", ""), "div", "barscope-tag barscope-time");
  const valueTag = make(overlay, "div", "barscope-tag");
  let pointer = null, frame = 0, legends = [], built = null;

  function make(parent, kind, className) {
    const element = document.createElement(kind);
    element.className = className;
    return parent.appendChild(element);
  }

  // ---- texts
  const pad = (n) => String(n).padStart(2, "0");
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  function moment(seconds, clock) { // exchange-local seconds: read them as UTC
    const t = new Date(seconds * 1000);
    const date = `${DAYS[t.getUTCDay()]} ${t.getUTCDate()} ${MONTHS[t.getUTCMonth()]} ${t.getUTCFullYear()}`;
    if (!clock) return date;
    return `${date}  ${pad(t.getUTCHours())}:${pad(t.getUTCMinutes())}${clock > 1 ? ":" + pad(t.getUTCSeconds()) : ""}`;
  }
  function fixed(value, decimals) {
    if (value == null || Number.isNaN(value)) return "–";
    return value.toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  }
  function compact(value) {
    if (value == null || Number.isNaN(value)) return "–";
    const size = Math.abs(value);
    for (const [limit, unit] of [[1e12, "T"], [1e9, "B"], [1e6, "M"]]) if (size >= limit) return (value / limit).toFixed(2) + unit;
    if (size >= 1e4) return (value / 1e3).toFixed(2) + "K";
    return Number.isInteger(value) ? fixed(value, 0) : fixed(value, size >= 100 ? 2 : size >= 1 ? 3 : 5);
  }

  // ---- legend: built once for a set of traces, then only its texts change
  function build(meta) {
    legends.forEach((row) => row.box.remove());
    legends = meta.panes.filter((pane) => pane.key === "price" || pane.series.length).map((pane) => {
      const box = make(overlay, "div", "barscope-legend");
      const row = {axis: pane.axis, box, cells: [], price: null, trades: null};
      if (pane.key === "price") {
        const line = make(box, "div", "barscope-row");
        make(line, "b", "").textContent = meta.title;
        const cell = (className) => make(line, "span", className);
        row.price = {candle: cell("muted"), time: cell("muted"), open: cell(""), high: cell(""), low: cell(""), close: cell(""), change: cell(""), volume: cell("muted")};
      }
      const line = make(box, "div", "barscope-row");
      for (const series of pane.key === "price" ? [...pane.series, ...meta.compared || []] : pane.series) {
        const group = make(line, "span", "");
        const name = make(group, "span", "barscope-name");
        name.textContent = series.name;
        name.title = series.full || series.name;
        name.style.color = series.colour;
        row.cells.push({traces: series.traces, value: make(group, "span", ""), percent: !series.full});
      }
      if (pane.key === "price") row.trades = make(box, "div", "barscope-row");
      return row;
    });
    const colours = meta.colours;
    for (const name of ["paper", "text", "muted", "border", "crosshair"]) overlay.style.setProperty(`--barscope-${name}`, colours[name]);
    built = meta;
  }

  function nearest(x, target) { // index of the value of a sorted array that is nearest to the target
    let low = 0, high = x.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (x[middle] < target) low = middle; else high = middle;
    }
    return Math.abs(x[low] - target) <= Math.abs(x[high] - target) ? low : high;
  }

  // The value at a candle: bars up and down are two traces of some candles each; a line of two points a candle has its
  // last values in customdata.
  function valueAt(traces, candles, i) {
    const [first, second] = traces.map((index) => gd._fullData[index]);
    if (!first || !first.y) return NaN;
    if (!second) return first.customdata && first.customdata.length === candles.x.length ? first.customdata[i] : first.y[i];
    for (const trace of [first, second]) {
      if (!trace.x || !trace.x.length) continue;
      const j = nearest(trace.x, candles.x[i]);
      if (trace.x[j] === candles.x[i]) return trace.y[j];
    }
    return NaN;
  }

  // The trades that began or ended at a candle.
  const tradesAt = (meta, x) => (meta.markers || []).map((index) => {
    const trace = gd._fullData[index];
    if (!trace || !trace.x || !trace.x.length) return null;
    const j = nearest(trace.x, x);
    return trace.x[j] === x ? trace.customdata[j] : null;
  }).filter((text) => text).join(" · ");

  // Candles of whole days or more have no time of day.
  const clock = (meta, candles) => (/[dwoy]$/.test(candle(meta, candles)) ? 0 : meta.clock);
  const candle = (meta, candles) => [].concat(candles.meta)[0] || meta.period;
  const percent = (value, base) => `${value >= base ? "+" : "−"}${fixed(Math.abs(value / base - 1) * 100, 2)}%`;

  function values(meta, candles, i) {
    const closes = candles.close || candles.y; // a line of closes has no other prices
    const close = closes[i], [open, high, low] = candles.open ? [candles.open[i], candles.high[i], candles.low[i]] : [i ? closes[i - 1] : close];
    const before = i ? closes[i - 1] : open, change = close - before, d = meta.decimals, base = [].concat(candles.meta)[1];
    const colour = close >= open ? meta.colours.up : meta.colours.down;
    for (const row of legends) {
      if (row.price) {
        const cell = row.price;
        cell.candle.textContent = candle(meta, candles);
        cell.time.textContent = moment(candles.customdata[i], clock(meta, candles));
        for (const [name, value] of [["open", open], ["high", high], ["low", low], ["close", close]]) {
          cell[name].textContent = candles.open || name === "close" ? `${name[0].toUpperCase()} ${fixed(value, d)}` : "";
          cell[name].style.color = colour;
        }
        cell.change.textContent = `${change >= 0 ? "+" : "−"}${fixed(Math.abs(change), d)} (${change >= 0 ? "+" : "−"}${fixed(Math.abs(before ? change / before * 100 : 0), 2)}%)`;
        cell.change.style.color = change >= 0 ? meta.colours.up : meta.colours.down;
        cell.volume.textContent = meta.volume ? `V ${compact(valueAt([1, 2], candles, i))}` : "";
        row.trades.textContent = tradesAt(meta, candles.x[i]);
      }
      for (const cell of row.cells) {
        const value = valueAt(cell.traces, candles, i), known = value != null && !Number.isNaN(value);
        if (!cell.traces.length) continue; // a background has no value to read
        cell.value.textContent = cell.percent ? (known ? percent(value, base) : "–") : row.price ? fixed(value, d) : compact(value);
      }
    }
  }

  // ---- drawing
  function place(element, left, top, width, height) {
    element.style.transform = `translate(${left}px, ${top}px)`;
    if (width != null) element.style.width = `${width}px`;
    if (height != null) element.style.height = `${height}px`;
  }
  function draw() {
    frame = 0;
    const full = gd._fullLayout, meta = gd.layout && gd.layout.meta, candles = gd._fullData && gd._fullData[0];
    if (!full || !full.xaxis || !meta || !meta.panes || !candles || !candles.x || !candles.x.length) return;
    if (!overlay.isConnected) gd.appendChild(overlay);
    if (built !== meta) build(meta);
    const size = full._size, [first, last] = full.xaxis.range, perBar = size.w / (last - first);
    gd.style.setProperty("--barscope-right", `${size.r}px`);
    const prices = full[legends.find((row) => row.price).axis]; // the buttons stand at the foot of the prices, where no text is
    gd.style.setProperty("--barscope-top", `${prices._offset + prices._length - 28}px`);
    for (const row of legends) place(row.box, size.l, full[row.axis]._offset);
    const inside = pointer && pointer.x >= size.l && pointer.x <= size.l + size.w && pointer.y >= size.t && pointer.y <= size.t + size.h;
    const target = inside ? first + (pointer.x - size.l) / perBar : last;
    let i = nearest(candles.x, target);
    if (!inside && candles.x[i] > last && i) i -= 1;
    values(meta, candles, i);
    for (const element of [vertical, horizontal, timeTag, valueTag]) element.style.display = inside ? "" : "none";
    if (!inside) return;
    const x = Math.round(size.l + (candles.x[i] - first) * perBar);
    const visible = x >= size.l && x <= size.l + size.w;
    vertical.style.display = timeTag.style.display = visible ? "" : "none";
    place(vertical, x, size.t, 0, size.h);
    place(horizontal, size.l, Math.round(pointer.y), size.w, 0);
    timeTag.textContent = moment(candles.customdata[i], clock(meta, candles));
    const reach = 75; // half of the widest tag; reading its width would lay out the page at every move
    place(timeTag.parentNode, Math.max(reach, Math.min(x, size.l + size.w + size.r - reach)), size.t + size.h + 3);
    const pane = meta.panes.find((p) => pointer.y >= full[p.axis]._offset && pointer.y <= full[p.axis]._offset + full[p.axis]._length);
    valueTag.style.display = pane ? "" : "none";
    if (!pane) return;
    const axis = full[pane.axis], value = axis.p2d(pointer.y - axis._offset), base = [].concat(candles.meta)[1];
    valueTag.textContent = pane.key !== "price" ? compact(value) : base ? percent(value, base) : fixed(value, meta.decimals);
    place(valueTag, size.l + size.w + 1, Math.round(pointer.y) - 9);
  }
  const refresh = () => { frame = frame || requestAnimationFrame(draw); };

  const move = (event) => {
    const box = gd.getBoundingClientRect();
    pointer = {x: event.clientX - box.left, y: event.clientY - box.top};
    refresh();
  };
  const leave = () => { pointer = null; refresh(); };
  gd.addEventListener("pointermove", move);
  gd.addEventListener("pointerleave", leave);
  gd.classList.add("barscope-chart");
  refresh();
  return {refresh, remove() {
    cancelAnimationFrame(frame);
    gd.removeEventListener("pointermove", move);
    gd.removeEventListener("pointerleave", leave);
    overlay.remove();
  }};
}
