// Tells the kernel whether the page is dark, and keeps plain keys from the notebook: with the focus on a button of the
// panel, "dd" would delete the cell.
function isDark() {
  const told = document.body.dataset.jpThemeLight;
  if (told !== undefined) return told === "false";
  const channels = getComputedStyle(document.body).backgroundColor.match(/[\d.]+/g)?.map(Number) ?? [];
  if (channels.length < 3 || channels[3] === 0) return false;
  return 0.299 * channels[0] + 0.587 * channels[1] + 0.114 * channels[2] < 128;
}

export default {
  render({model, el}) {
    const tell = () => {
      if (model.get("dark") === isDark()) return;
      model.set("dark", isDark());
      model.save_changes();
    };
    const stop = new AbortController();
    const keep = (event) => { if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation(); };
    const place = () => {
      const panel = el.closest(".barscope-panel");
      if (panel) panel.addEventListener("keydown", keep, {signal: stop.signal});
      else if (!stop.signal.aborted) requestAnimationFrame(place); // not in the page yet
    };
    place();
    const observer = new MutationObserver(tell);
    observer.observe(document.body, {attributes: true, attributeFilter: ["data-jp-theme-light", "class", "style"]});
    tell();
    return () => { stop.abort(); observer.disconnect(); };
  },
};
