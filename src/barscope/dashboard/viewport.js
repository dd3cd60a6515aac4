// What the dashboard learns from the page it is shown in: whether it is dark, how high the stage for charts is, and which
// run the address names. It tells all three at once, so that the first chart is drawn the right way.
const RUN = /^#run=(.+)$/;
const runOfAddress = () => decodeURIComponent(location.hash.match(RUN)?.[1] ?? "");

export default {
  render({model, el}) {
    const stop = new AbortController();
    let timer = 0, stage = null;

    const tell = () => {
      const height = stage?.clientHeight ?? 0;
      if (!height) return;
      model.set({dark: document.body.dataset.jpThemeLight === "false", height});
      if (!model.get("told")) model.set({run: runOfAddress() || model.get("run"), told: true});
      model.save_changes();
    };
    const later = () => { clearTimeout(timer); timer = setTimeout(tell, model.get("told") ? 200 : 0); };
    const sized = new ResizeObserver(later);
    const place = () => {
      stage = document.querySelector(".barscope-dashboard .barscope-stage");
      if (stage) sized.observe(stage);
      else if (!stop.signal.aborted) requestAnimationFrame(place); // not in the page yet
    };
    place();

    const coloured = new MutationObserver(tell);
    coloured.observe(document.body, {attributes: true, attributeFilter: ["data-jp-theme-light"]});

    addEventListener("hashchange", () => {
      if (runOfAddress() === model.get("run")) return;
      model.set("run", runOfAddress());
      model.save_changes();
    }, {signal: stop.signal});
    const name = () => {
      const run = model.get("run"), address = run ? `#run=${encodeURIComponent(run)}` : "";
      if (run !== runOfAddress()) history.replaceState(null, "", address || location.pathname);
    };
    model.on("change:run", name);

    // The picture the page began with makes room once the chart is there.
    const reveal = () => {
      if (!model.get("settled")) return;
      const began = performance.now();
      const look = () => {
        const drawn = document.querySelector(".barscope-dashboard .js-plotly-plot .barscope-legend");
        if (!drawn && model.get("charted") && performance.now() - began < 8000) requestAnimationFrame(look);
        else dispatchEvent(new Event("barscope-ready"));
      };
      look();
    };
    model.on("change:settled", reveal);
    reveal();
    return () => {
      stop.abort();
      sized.disconnect();
      coloured.disconnect();
      clearTimeout(timer);
      model.off("change:run", name);
      model.off("change:settled", reveal);
    };
  },
};
