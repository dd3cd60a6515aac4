// Previous, next, and a number to jump to. Arrow keys, Home and End work wherever in it the focus is but in the number.
function element(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export default {
  render({model, el}) {
    const button = (icon, title, move) => {
      const made = element("button", "barscope-step", {type: "button", title, "aria-label": title});
      made.append(element("i", `fa fa-${icon}`, {"aria-hidden": "true"}));
      made.addEventListener("click", () => go(move(model.get("place"))));
      return made;
    };
    const previous = button("chevron-left", "Previous (arrow left)", (place) => place - 1);
    const next = button("chevron-right", "Next (arrow right)", (place) => place + 1);
    const number = element("input", "barscope-input barscope-step-number",
      {type: "text", inputmode: "numeric", "aria-label": "Number to go to"});
    const total = element("span", "barscope-step-total");
    const label = element("span", "barscope-step-label", {role: "status"});

    function go(place) {
      if (!model.get("total")) return;
      const within = Math.max(0, Math.min(place, model.get("total") - 1));
      model.set("place", within);
      model.save_changes();
      show();
    }

    function show() {
      const [place, count] = [model.get("place"), model.get("total")];
      number.value = count && place >= 0 ? String(place + 1) : "";
      number.disabled = !count;
      total.textContent = `of ${count.toLocaleString("en-US")}`;
      label.textContent = label.title = model.get("label");
      previous.disabled = place <= 0;
      next.disabled = place >= count - 1;
    }

    number.addEventListener("change", () => {
      const wanted = Number.parseInt(number.value.replace(/\D/g, ""), 10);
      if (Number.isFinite(wanted)) go(wanted - 1); else show();
    });
    el.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      event.stopPropagation(); // or the notebook would take the key as a command
      const place = model.get("place");
      const moves = {ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: model.get("total") - 1};
      if (event.target === number || !(event.key in moves)) return;
      event.preventDefault();
      go(moves[event.key]);
    });
    model.on("change", show);
    el.append(previous, number, total, next, label);
    el.classList.add("barscope-stepper");
    el.tabIndex = 0;
    el.setAttribute("role", "group");
    el.setAttribute("aria-label", "Step through: arrow keys, Home and End");
    show();
    return () => model.off("change", show);
  },
};
