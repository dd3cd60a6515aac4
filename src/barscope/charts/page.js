// An exported chart: unpacks Plotly, draws the figure, and keeps every pane fitted to what is visible.
async function barscopePage() {
  const part = (id) => document.getElementById(id).textContent;
  const packed = Uint8Array.from(atob(part("barscope-plotly")), (c) => c.charCodeAt(0));
  const script = document.createElement("script");
  script.textContent = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  document.head.append(script);
  const {data, layout, config, crosshair} = JSON.parse(part("barscope-figure"));
  const gd = document.getElementById("barscope-chart");
  await Plotly.newPlot(gd, data, layout, config);
  if (!crosshair) return;
  const cross = barscopeCrosshair(gd);
  gd.on("plotly_relayouting", cross.refresh);
  gd.on("plotly_afterplot", cross.refresh);
  const homes = Object.fromEntries(layout.meta.panes.map((pane) => [pane.axis, layout[pane.axis].range]));
  gd.on("plotly_relayout", (changes) => {
    if (Object.keys(changes).some((key) => key.startsWith("xaxis.range"))) Plotly.relayout(gd, fit(gd, homes));
  });
}

function fit(gd, homes) {
  const [first, last] = gd._fullLayout.xaxis.range, ends = {};
  gd._fullData.forEach((trace) => {
    const key = `yaxis${trace.yaxis.slice(1)}`;
    const [low, high] = (ends[key] ??= [Infinity, -Infinity]);
    const [lows, highs] = trace.low ? [trace.low, trace.high] : [trace.y, trace.y];
    let [least, most] = [low, high];
    for (let i = 0; i < lows.length; i++) {
      const x = trace.x ? trace.x[i] : trace.x0 + i * trace.dx;
      if (x < first || x > last) continue;
      if (lows[i] < least) least = lows[i];
      if (highs[i] > most) most = highs[i];
    }
    ends[key] = [trace.type === "bar" ? Math.min(0, least) : least, most];
  });
  const ranges = {};
  for (const [key, found] of Object.entries(ends)) {
    const [low, high] = gd._fullLayout[key].type === "log" ? found.map(Math.log10) : found;
    const height = high - low;
    ranges[`${key}.range`] = height > 0 ? [low < 0 || low > 0 ? low - height * 0.05 : 0, high + height * 0.15] : homes[key];
  }
  return ranges;
}

barscopePage();
