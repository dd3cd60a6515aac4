// The columns of a shared chart, and any view of them: candles of 2^k bars, the series on and below them, ranges, labels.
const SHARE_MARGIN = 0.25; // of the view, drawn on each side of it
const SHARE_MOST = 700; // candles in a view

async function shareUnpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}

// The columns by name, as numbers; see pack.py for how they are packed.
function shareColumns(chart, bytes) {
  const n = Math.ceil(chart.bars / chart.step), found = {};
  chart.columns.forEach((column, place) => {
    const values = new Float64Array(n), from = place * 4 * n;
    for (let i = 0; i < n; i++) {
      const packed = (bytes[from + i] | bytes[from + n + i] << 8 | bytes[from + 2 * n + i] << 16 | bytes[from + 3 * n + i] << 24) >>> 0;
      values[i] = (packed >>> 1) ^ -(packed & 1);
    }
    for (let pass = 0; pass < column.deltas; pass++) for (let i = 1; i < n; i++) values[i] += values[i - 1];
    found[column.name] = {values, column};
  });
  const whole = (name) => found[name].values, [open, high, low, close] = ["open", "high", "low", "close"].map(whole);
  for (let i = 0; i < n; i++) {
    open[i] += close[i ? i - 1 : 0];
    high[i] += Math.max(open[i], close[i]);
    low[i] = Math.min(open[i], close[i]) - low[i];
  }
  const columns = {};
  for (const [name, {values, column}] of Object.entries(found)) {
    if (name.endsWith(" known")) continue;
    const known = found[`${name} known`];
    for (let i = 0; i < n; i++) values[i] = known && !known.values[i] ? NaN : (values[i] + column.base) / column.perUnit;
    columns[name] = values;
  }
  return columns;
}

// ---- the candles of a view
function shareBuckets(chart, view, width) {
  const [first, last] = view, span = last - first, most = Math.max(60, Math.min(SHARE_MOST, Math.floor(width / 1.6)));
  let size = 1; // finest candles in one drawn candle
  while (span / (chart.step * size) > most) size *= 2;
  const n = Math.ceil(chart.bars / chart.step), bars = chart.step * size, pad = span * SHARE_MARGIN;
  const begin = Math.max(0, Math.floor((first - pad) / bars)), end = Math.min(Math.ceil(n / size), Math.ceil((last + pad) / bars) + 1);
  const starts = [];
  for (let i = begin; i < end; i++) starts.push(i * size);
  const stop = (start) => Math.min(start + size, n);
  const x = starts.map((start) => (start * chart.step + Math.min(stop(start) * chart.step, chart.bars) - 1) / 2);
  return {starts, stop, x, size, bars, label: bars === 1 ? chart.period : `${bars} bars`};
}

function shareReduce(values, b, pick) {
  return b.starts.map((start) => {
    let found = NaN;
    for (let i = start, stop = b.stop(start); i < stop; i++) {
      const value = values[i];
      if (value === value) found = found === found ? pick(found, value) : value;
    }
    return found;
  });
}

const shareFirst = (a) => a, shareLast = (_a, b) => b, shareAdd = (a, b) => a + b;
const shareFarthest = (a, b) => (Math.abs(b) > Math.abs(a) ? b : a);

function shareCandles(columns, b) {
  const of = (name, pick) => shareReduce(columns[name], b, pick);
  return {open: of("open", shareFirst), high: of("high", Math.max), low: of("low", Math.min), close: of("close", shareLast),
    volume: of("volume", shareAdd), time: of("time", shareFirst)};
}

function shareSplit(x, y, isUp, up) {
  const keep = x.map((_, i) => i).filter((i) => isUp(i) === up);
  return {x: keep.map((i) => x[i]), y: keep.map((i) => y[i])};
}

// Least and greatest value of each candle, so that spikes stay visible; the one nearer to the last value comes second.
function shareSpiky(values, b) {
  const low = shareReduce(values, b, Math.min), high = shareReduce(values, b, Math.max), close = shareReduce(values, b, shareLast);
  const x = [], y = [];
  b.x.forEach((at, i) => {
    x.push(at, at);
    y.push(...(close[i] - low[i] >= high[i] - close[i] ? [low[i], high[i]] : [high[i], low[i]]));
  });
  return {x, y, customdata: close};
}

// Marks too close to be told apart are one mark that says how many they are.
function shareMarks(marks, b, candles, kind, span) {
  const reach = 2 ** Math.max(0, Math.ceil(Math.log2(span / 128))), found = new Map();
  const low = kind === "entry-long" || kind === "exit-short";
  let run = null, candle = 0;
  marks.bars.forEach((bar, i) => {
    if (run && run.key === Math.floor(bar / reach)) { run.count++; return; }
    run = {key: Math.floor(bar / reach), count: 1, text: marks.texts[i]};
    candle = Math.floor(bar / b.bars) - (b.starts.length ? b.starts[0] / b.size : 0);
    if (candle < 0 || candle >= b.starts.length) return;
    const there = found.get(candle);
    if (there) { there.push(run); } else found.set(candle, [run]);
  });
  const noun = kind.split("-").reverse().join(" ").replace(/entry$/, "entries").replace(/exit$/, "exits");
  const at = [...found.keys()].sort((one, other) => one - other);
  const said = at.map((i) => {
    const count = found.get(i).reduce((sum, item) => sum + item.count, 0);
    return count === 1 ? found.get(i)[0].text : `${count.toLocaleString("en-US")} ${noun}`;
  });
  return {x: at.map((i) => b.x[i]), y: at.map((i) => (low ? candles.low : candles.high)[i]), customdata: said};
}

function shareTrace(chart, columns, b, candles, trace, span) {
  const up = (i) => candles.close[i] >= candles.open[i];
  if (trace.fill === "candles") {
    const {open, high, low, close, time} = candles;
    return {x: b.x, open, high, low, close, customdata: time, meta: b.label};
  }
  if (trace.fill === "volume") return shareSplit(b.x, candles.volume, up, trace.up);
  if (trace.fill === "marks") return shareMarks(chart.marks[trace.kind], b, candles, trace.kind, span);
  const values = columns[`series${trace.series}`];
  if (trace.fill === "histogram") {
    const y = shareReduce(values, b, shareFarthest);
    return shareSplit(b.x, y, (i) => y[i] >= 0, trace.up);
  }
  if (trace.fill === "line" && b.size > 1) return shareSpiky(values, b);
  return {x: b.x, y: shareReduce(values, b, shareLast)};
}

// ---- ranges: each pane fits what is visible in it
function shareRanges(chart, layout, looks, arrays, candles, b, view) {
  const shown = (x) => x + b.bars / 2 > view[0] && x - b.bars / 2 < view[1], axes = {};
  const ends = (list) => list.reduce(([low, high], v) => [v < low ? v : low, v > high ? v : high], [Infinity, -Infinity]);
  const visible = (x, y) => y.filter((_, i) => shown(x[i]));
  for (const pane of layout.meta.panes) {
    const mine = arrays.map((array, i) => ({array, look: looks[i], trace: chart.traces[i]}))
      .filter((item) => `yaxis${item.look.yaxis.slice(1)}` === pane.axis && !item.trace.hidden);
    if (pane.key === "price") {
      let [low, high] = [ends(visible(b.x, candles.low))[0], ends(visible(b.x, candles.high))[1]];
      const height = high - low || Math.abs(high) * 0.01 || 1, least = low - height / 2, most = high + height / 2;
      for (const {array} of mine.filter((item) => item.trace.fill === "price line")) {
        const [bottom, top] = ends(visible(array.x, array.y));
        low = Math.min(low, Math.max(bottom, least));
        high = Math.max(high, Math.min(top, most));
      }
      axes[pane.axis] = {range: [low - height * (layout.meta.markers.length ? 0.1 : 0.05), high + height * 0.15]};
    } else if (pane.key === "volume") {
      const top = ends(visible(b.x, candles.volume))[1] || 1, power = 10 ** Math.floor(Math.log10(top));
      const label = [5, 2, 1].map((n) => n * power).find((value) => value <= top) || power;
      axes[pane.axis] = {range: [0, top * 1.2], tickvals: [label], ticktext: [shareShort(label)]};
    } else {
      const list = mine.flatMap(({array, trace}) => [...visible(array.x, array.y), ...trace.levels, ...(trace.fill === "histogram" ? [0] : [])]);
      let [low, high] = ends(list.filter((value) => value === value));
      if (!(low <= high)) [low, high] = [0, 1];
      const height = high - low || Math.abs(high) * 0.01 || 1;
      axes[pane.axis] = {range: [low - height * 0.08, high + height * 0.22]};
    }
  }
  return axes;
}

function shareShort(value) {
  for (const [limit, unit] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]]) if (value >= limit) return `${+(value / limit).toPrecision(3)}${unit}`;
  return `${+value.toPrecision(3)}`;
}

// ---- time labels: candles that begin a year, month, day or round time, coarsest first, none too close to another
const SHARE_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function shareTicks(times, x, view, width) {
  const gap = 66 * (view[1] - view[0]) / width, room = Math.max(1, Math.floor((view[1] - view[0]) / gap));
  const month = (t) => { const d = new Date(t * 1000); return d.getUTCFullYear() * 12 + d.getUTCMonth(); };
  const inside = x.map((at) => at >= view[0] + gap / 4 && at <= view[1] - gap / 4), months = times.map(month);
  const years = months.filter((_, i) => inside[i]).map((m) => Math.floor(m / 12)), span = years.length ? years[years.length - 1] - years[0] : 0;
  const every = [1, 2, 5, 10, 20, 10000].find((n) => span <= n * room);
  const units = [[(i) => Math.floor(months[i] / 12 / every), 2.5], ...[6, 3, 1].map((n) => [(i) => Math.floor(months[i] / n), 2.5]),
    [(i) => Math.floor((Math.floor(times[i] / 86400) + 3) / 7), 2.5], [(i) => Math.floor(times[i] / 86400), 2.5],
    ...[43200, 21600, 10800, 3600, 1800, 900, 300, 60, 30, 15, 5, 1].map((s) => [(i) => Math.floor(times[i] / s), s >= 3600 ? 2.5 : 1])];
  const chosen = [];
  for (const [key, thinnable] of units) {
    const candidates = times.map((_, i) => i).filter((i) => i && inside[i] && key(i) !== key(i - 1));
    if (candidates.length > room && chosen.length && (chosen.length * 2 > room || candidates.length > thinnable * room)) break;
    const others = chosen.map((i) => x[i]);
    let left = -Infinity;
    for (const i of candidates) {
      if (x[i] - left < gap || others.some((at) => Math.abs(at - x[i]) < gap)) continue;
      chosen.push(i);
      left = x[i];
    }
  }
  chosen.sort((one, other) => one - other);
  return {tickvals: chosen.map((i) => x[i]), ticktext: chosen.map((i) => shareMoment(times, i))};
}

function shareMoment(times, i) {
  const now = new Date(times[i] * 1000), before = new Date(times[i - 1] * 1000), pad = (n) => String(n).padStart(2, "0");
  if (now.getUTCFullYear() !== before.getUTCFullYear()) return String(now.getUTCFullYear());
  if (now.getUTCMonth() !== before.getUTCMonth()) return SHARE_MONTHS[now.getUTCMonth()];
  if (now.getUTCDate() !== before.getUTCDate()) return `${now.getUTCDate()} ${SHARE_MONTHS[now.getUTCMonth()]}`;
  const clock = `${pad(now.getUTCHours())}:${pad(now.getUTCMinutes())}`;
  return now.getUTCSeconds() ? `${clock}:${pad(now.getUTCSeconds())}` : clock;
}

// The traces and the layout of a view, for Plotly.
function shareView(chart, columns, look, view, width) {
  const b = shareBuckets(chart, view, width), candles = shareCandles(columns, b), span = view[1] - view[0];
  const arrays = chart.traces.map((trace) => shareTrace(chart, columns, b, candles, trace, span));
  const layout = {...look.layout, xaxis: {...look.layout.xaxis, range: [...view], ...shareTicks(candles.time, b.x, view, width)}};
  for (const [axis, values] of Object.entries(shareRanges(chart, layout, look.traces, arrays, candles, b, view))) layout[axis] = {...layout[axis], ...values};
  return {traces: look.traces.map((trace, i) => ({...trace, ...arrays[i]})), layout, b};
}
