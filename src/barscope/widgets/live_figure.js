// The browser side of LiveFigure. Plotly's widget bundle (5 MB) comes from the kernel once a page, whatever the number
// of figures; its view is then told to stay quiet where plotly's own would talk to the kernel at every turn.
const VERSION = "__VERSION__";
const PAGE = (globalThis.__barscope ??= {bundles: {}, views: new WeakMap()});
const KEYS = "Arrow keys pan, plus and minus zoom, Home shows all of it.";
const HELP = {pick: "A click opens what it is on.", brush: "A drag along an axis keeps the lines that pass there."};
const HOME = {width: 24, height: 24, path: "M4 11.5 12 5l8 6.5V20h-5.5v-5h-5v5H4z"};

function bundle(model) {
  return (PAGE.bundles[VERSION] ??= fetchBundle(model).catch((error) => {
    delete PAGE.bundles[VERSION]; // a kernel that died halfway: the next figure tries again
    throw error;
  }));
}

async function fetchBundle(model) {
  const served = document.querySelector("link[data-barscope-bundle]"); // a page of ours serves it as a file
  if (served) {
    const module = await import(served.href);
    adapt(module.FigureView.prototype);
    return module;
  }
  const packed = await new Promise((resolve) => {
    const receive = (message, buffers) => {
      if (message.barscope !== "bundle") return;
      model.off("msg:custom", receive);
      resolve(buffers[0]);
    };
    model.on("msg:custom", receive);
    model.send({ask: "bundle"});
  });
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const source = await new Response(stream).blob();
  const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  const module = await import(url);
  URL.revokeObjectURL(url);
  adapt(module.FigureView.prototype);
  return module;
}

// A view for the length of a call sees other values of some traits.
function seeing(view, values, call) {
  const model = view.model;
  view.model = Object.create(model, {get: {value: (key) => (key in values ? values[key] : model.get(key))}});
  try { return call(); } finally { view.model = model; }
}

// After a restart of the kernel nobody is there to hear it, and sending throws: the chart stays as it is.
function tellKernel(view, message, range, place = null) {
  try {
    view.model.model.send({barscope: message, view: view.viewID, width: plotWidth(view.el), range, place});
  } catch (error) {
    console.debug(`barscope: ${message} was not sent: ${error.message}`);
  }
}

function adapt(view) {
  const {perform_render, do_update, handle_plotly_relayout, remove} = view;
  const nothing = () => {};
  // Plotly would report every property it filled in after each update, and every hover.
  view._sendTraceDeltas = view._sendLayoutDelta = nothing;
  view.handle_plotly_hover = view.handle_plotly_unhover = view.handle_plotly_click = nothing;
  view.handle_plotly_selected = view.handle_plotly_deselect = nothing;

  view.perform_render = function () {
    PAGE.views.set(this.el, this);
    this.el.style.minHeight = `${this.model.get("_widget_layout").height}px`; // an empty moment must not scroll the page
    const tell = (message, range = null, place = null) => tellKernel(this, message, range, place);
    const tellWidth = () => {
      this.toldWidth = plotWidth(this.el);
      tell("resize");
    };
    const config = {...this.model.get("_config"), doubleClick: false, scrollZoom: false,
      modeBarButtonsToRemove: [...this.model.get("_config").modeBarButtonsToRemove, "resetScale2d"],
      modeBarButtonsToAdd: [{name: "home", title: "Show all bars (Home)", icon: HOME, click: () => tell("home")}]};
    seeing(this, {_config: config}, () => perform_render.call(this));
    const isPlacing = () => performance.now() - (this.placing?.last ?? -Infinity) < 600; // two points are no double click
    this.el.on("plotly_doubleclick", () => { if (!isPlacing()) tell("home"); });
    this.el.on("plotly_relayouting", () => this.crosshair.refresh());
    this.el.on("plotly_afterplot", () => {
      this.crosshair.refresh();
      if (Math.abs(plotWidth(this.el) - this.toldWidth) > 8) tellWidth(); // a new width is drawn a moment after it is asked for
    });
    this.crosshair ??= barscopeCrosshair(this.el);
    this.keys ??= listen(this.el, tell);
    this.wheel ??= zoom(this.el, (range) => tell("wheel", range));
    this.placing ??= placing(this, tell);
    this.resized ??= watch(this.el, () => this.autosizeFigure());
    this.crosshair.refresh();
    tellWidth(); // the labels of the time axis are laid out for this width
  };

  view.do_update = function () {
    const update = this.model.get("_py2js_update");
    if (update === null) return undefined;
    const layout = update.layout_data || {};
    if (update.source_view_id === this.viewID) delete layout["xaxis.range"]; // the answer to this view's own move
    seeing(this, {_py2js_update: update}, () => do_update.call(this));
    this.wheel?.answered();
  };

  view.handle_plotly_relayout = function (changes) {
    const range = changes["xaxis.range"] || [changes["xaxis.range[0]"], changes["xaxis.range[1]"]];
    if (range.every(Number.isFinite) && !("_doNotReportToPy" in changes)) {
      tellKernel(this, "view", range);
    }
    const rest = Object.fromEntries(Object.entries(changes).filter(([key]) => !/^(x|y)axis|^autosize/.test(key)));
    if (Object.keys(rest).length) handle_plotly_relayout.call(this, rest);
  };

  view.remove = function () {
    this.resized?.disconnect();
    this.keys?.abort();
    this.wheel?.remove();
    this.placing?.remove();
    this.crosshair?.remove();
    remove.call(this);
  };
}

const plotWidth = (el) => Math.round(el._fullLayout?._size?.w ?? el.clientWidth);

// What is drawn while it is out of sight has a width that Plotly made up: compared is what it drew, not what was seen.
function watch(el, changed) {
  let frame = 0;
  const observer = new ResizeObserver(() => {
    const drawn = el._fullLayout?.width ?? el.clientWidth;
    if (!el.clientWidth || Math.abs(el.clientWidth - drawn) < 1) return;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(changed);
  });
  observer.observe(el);
  return observer;
}

// Plotly waits, redraws what it has and only then reports a turn of the wheel. Asking the kernel at once, with one
// question on its way at a time, brings the right candles sooner.
function zoom(el, ask) {
  let wanted = null, waiting = 0;
  const send = () => {
    if (!wanted || waiting) return;
    waiting = setTimeout(answered, 400); // an answer that changes nothing is not sent
    ask(wanted.range);
    wanted = {...wanted, sent: true};
  };
  const answered = () => {
    clearTimeout(waiting);
    waiting = 0;
    if (wanted?.sent) wanted = null;
    send();
  };
  const turn = (event) => {
    const layout = el._fullLayout;
    if (!layout?._size || layout.xaxis.fixedrange || event.target.closest(".modebar")) return;
    event.preventDefault();
    event.stopPropagation();
    const [first, last] = wanted?.range ?? layout.xaxis.range, size = layout._size;
    const unit = event.deltaMode === 1 ? 16 : 1, [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    const clip = (value, limit) => Math.max(-limit, Math.min(limit, value));
    if (event.shiftKey || Math.abs(dx) > Math.abs(dy)) {
      const by = clip(dx || dy, 200) / size.w * (last - first);
      wanted = {range: [first + by, last + by]};
    } else {
      const share = Math.max(0, Math.min(1, (event.clientX - el.getBoundingClientRect().left - size.l) / size.w));
      const factor = Math.exp(clip(dy, 200) / 500), at = first + share * (last - first);
      wanted = {range: [at - (at - first) * factor, at + (last - at) * factor]};
    }
    send();
  };
  el.addEventListener("wheel", turn, {capture: true, passive: false});
  return {answered, remove: () => { clearTimeout(waiting); el.removeEventListener("wheel", turn, {capture: true}); }};
}

// With a tool in hand a click on the prices says where; a press that moves is still a pan. Escape puts the tool away.
// Between the two clicks of a line or a box a dashed one follows the pointer; a brush is drawn in one go.
function placing(view, tell) {
  const stop = new AbortController(), el = view.el, {signal} = stop, model = view.model.model;
  const band = document.createElement("div");
  let anchor = null;
  const at = (event) => { // in the values of the axes
    const {xaxis, yaxis, _size: size} = el._fullLayout, box = el.getBoundingClientRect();
    return [xaxis.p2d(event.clientX - box.left - size.l), yaxis.p2d(event.clientY - box.top - yaxis._offset)];
  };
  const inHand = () => Boolean(model.get("tool"));
  const isKept = () => ["pick", "brush"].includes(model.get("tool")); // never put away, so Escape is not for them
  const hold = (point) => {
    anchor = point;
    band.hidden = true; // until the pointer moves
  };
  const show = () => {
    el.classList.toggle("barscope-placing", inHand());
    band.className = `barscope-band${["box", "brush"].includes(model.get("tool")) ? " barscope-is-box" : ""}`;
    hold(null);
  };
  const stretch = (event) => {
    const layout = el._fullLayout;
    if (!anchor || !layout?._size) return;
    const {xaxis, yaxis, _size: size} = layout, box = el.getBoundingClientRect();
    const [x, y] = [size.l + xaxis.d2p(anchor[0]), yaxis._offset + yaxis.d2p(anchor[1])];
    const [dx, dy] = [event.clientX - box.left - x, event.clientY - box.top - y];
    const isBox = ["box", "brush"].includes(model.get("tool"));
    band.style.width = `${isBox ? Math.abs(dx) : Math.hypot(dx, dy)}px`;
    band.style.height = `${isBox ? Math.abs(dy) : 0}px`;
    band.style.left = `${isBox ? Math.min(x, x + dx) : x}px`;
    band.style.top = `${isBox ? Math.min(y, y + dy) : y}px`;
    band.style.transform = isBox ? "" : `rotate(${Math.atan2(dy, dx)}rad)`;
    band.hidden = false;
    if (!band.isConnected) el.appendChild(band); // drawing the figure anew empties the element
  };
  el.addEventListener("pointermove", stretch, {signal});
  const placed = {last: -Infinity, remove: () => stop.abort()};
  let pressed = null;
  el.addEventListener("pointerdown", (event) => {
    const isPlot = event.button === 0 && !event.target.closest(".modebar");
    pressed = inHand() && isPlot ? {x: event.clientX, y: event.clientY} : null;
    if (pressed && model.get("tool") === "brush" && el._fullLayout?._size) hold(at(event));
  }, {capture: true, signal});
  document.addEventListener("pointerup", (event) => {
    const from = pressed, layout = el._fullLayout, start = anchor;
    pressed = null;
    if (from && start && model.get("tool") === "brush") {
      hold(null);
      tell("brush", [start[1], at(event)[1]], start[0]);
      return;
    }
    if (!from || Math.hypot(event.clientX - from.x, event.clientY - from.y) > 4 || !layout?._size) return;
    const box = el.getBoundingClientRect(), [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const {yaxis, _size: size} = layout, foot = yaxis._offset + yaxis._length;
    if (x < size.l || x > size.l + size.w || y < yaxis._offset || y > foot) return;
    placed.last = performance.now();
    const point = at(event);
    hold(!anchor && ["trend", "box"].includes(model.get("tool")) ? point : null);
    tell("point", point);
  }, {capture: true, signal});
  document.addEventListener("keydown", (event) => { // wherever the focus is: the button was clicked, or the plot
    if (event.key !== "Escape" || !inHand() || isKept()) return;
    event.stopPropagation();
    tell("drop");
  }, {capture: true, signal});
  model.on("change:tool", show);
  signal.addEventListener("abort", () => { model.off("change:tool", show); band.remove(); });
  show();
  return placed;
}

function listen(el, tell) {
  const stop = new AbortController();
  const keys = {ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", Home: "home", "0": "home"};
  el.tabIndex = 0;
  el.setAttribute("role", "application");
  el.style.outlineOffset = "-2px";
  el.addEventListener("keydown", (event) => {
    const move = keys[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // or the notebook would take the key as a command
    tell(move);
  }, {signal: stop.signal});
  return stop;
}

export default () => {
  let figure, ready;
  // Whatever was sent before this code was there is lost, so ask for the current figure; the answer is a change of
  // `_sync` that arrives together with it. Never awaited in initialize(), which would hold up the message queue.
  const start = (model) => (ready ??= bundle(model).then(({default: make}) => new Promise((resolve) => {
    const token = `${Math.random()}`;
    const receive = () => {
      if (model.get("_sync") !== token) return;
      model.off("change:_sync", receive);
      figure = make();
      figure.initialize({model}); // in this very call: the next message may be an update
      resolve();
    };
    model.on("change:_sync", receive);
    model.send({ask: "sync", token});
  })));
  return {
    async render({model, el}) {
      if (ready) ready = undefined;
      await start(model);
      const clean = figure.render({model, el});
      const describe = () => el.setAttribute("aria-label", `${model.get("description") || "Chart."} ${HELP[model.get("tool")] || KEYS}`);
      model.on("change:description", describe);
      describe();
      const again = () => PAGE.views.get(el).perform_render();
      model.on("change:_revision", again);
      return () => {
        model.off("change:_revision", again);
        model.off("change:description", describe);
        clean();
      };
    },
  };
};
