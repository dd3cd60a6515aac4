// Thumbnails as buttons. A picture is shown as an image, so nothing in it can run; every text is set as text.
function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export default {
  render({model, el}) {
    const grid = element("div", "barscope-thumbnails");
    const pager = element("div", "barscope-pager");
    const range = element("span", "barscope-pager-range");
    const turn = (icon, title, by) => {
      const made = element("button", "barscope-step");
      made.type = "button";
      made.title = title;
      made.setAttribute("aria-label", title);
      made.append(element("i", `fa fa-${icon}`));
      made.addEventListener("click", () => {
        model.set("page", model.get("page") + by);
        model.save_changes();
      });
      return made;
    };
    const previous = turn("angle-left", "Previous page", -1), next = turn("angle-right", "Next page", 1);

    function fill() {
      const had = grid.contains(document.activeElement);
      grid.replaceChildren(...model.get("items").map((item) => {
        const button = element("button", "barscope-thumbnail");
        button.type = "button";
        button.dataset.number = item.number;
        const picture = element("img", "");
        picture.alt = "";
        picture.src = `data:image/svg+xml,${encodeURIComponent(item.picture)}`;
        const note = element("span", `barscope-thumbnail-note barscope-${item.tone || "plain"}`, item.note);
        const caption = element("span", "barscope-thumbnail-caption");
        caption.append(element("span", "barscope-thumbnail-title", item.title), note);
        button.title = `${item.title}  ${item.note}`;
        button.append(picture, caption);
        button.addEventListener("click", () => {
          model.set("chosen", item.number);
          model.save_changes();
        });
        return button;
      }));
      mark(had);
    }

    function mark(focus = false) {
      for (const button of grid.children) {
        const isChosen = Number(button.dataset.number) === model.get("chosen");
        button.setAttribute("aria-pressed", String(isChosen));
        if (!isChosen) continue;
        if (focus) button.focus({preventScroll: true});
        const [box, view] = [button.getBoundingClientRect(), el.getBoundingClientRect()];
        if (box.top < view.top || box.bottom > view.bottom) el.scrollTop += box.top - view.top - 8;
      }
    }

    function count() {
      const [page, size, total] = [model.get("page"), model.get("page_size"), model.get("total")];
      const first = page * size + 1, last = Math.min(first + size - 1, total);
      range.textContent = total ? `${first.toLocaleString("en-US")}–${last.toLocaleString("en-US")} of ${total.toLocaleString("en-US")}` : "";
      previous.disabled = page <= 0;
      next.disabled = last >= total;
      pager.hidden = total <= size;
      el.classList.toggle("barscope-is-waiting", model.get("waiting"));
    }

    el.addEventListener("keydown", (event) => {
      const steps = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -2, ArrowDown: 2};
      const place = [...grid.children].indexOf(document.activeElement);
      if (place < 0 || !(event.key in steps)) return;
      event.preventDefault();
      event.stopPropagation();
      grid.children[place + steps[event.key]]?.focus();
    });
    const listeners = {"change:items": fill, "change:chosen": () => mark(), "change:page change:total change:waiting": count};
    for (const [names, call] of Object.entries(listeners)) model.on(names, call);
    pager.append(previous, range, next);
    el.append(grid, pager);
    el.classList.add("barscope-segment-list");
    fill();
    count();
    return () => { for (const [names, call] of Object.entries(listeners)) model.off(names, call); };
  },
};
