// A text field with a list of suggestions that filters as you type; anything may be typed. Everything is set as text.
const SHOWN = 60;
let boxes = 0;

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export default {
  render({model, el}) {
    const id = `barscope-choices-${boxes++}`;
    const input = element("input", "barscope-input");
    const list = element("ul", "barscope-suggestions");
    list.id = id;
    list.popover = "manual"; // above everything, or the scrolling form would cut it off
    list.setAttribute("role", "listbox");
    for (const [name, value] of Object.entries({type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false"})) {
      input.setAttribute(name, value);
    }
    let active = -1, isTyped = false;
    const isOpen = () => list.matches(":popover-open");

    function take(text) {
      model.set("value", text);
      model.save_changes();
    }

    function close() {
      if (isOpen()) list.hidePopover();
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
    }

    function open() {
      const wanted = isTyped ? input.value.trim().toLowerCase() : "";
      const found = model.get("choices").filter((choice) => choice.toLowerCase().includes(wanted));
      list.replaceChildren(...found.slice(0, SHOWN).map((choice, place) => {
        const option = element("li", "barscope-suggestion", choice);
        option.id = `${id}-${place}`;
        option.setAttribute("role", "option");
        option.addEventListener("pointerdown", (event) => { event.preventDefault(); choose(choice); });
        return option;
      }));
      if (!found.length) return close();
      if (!isOpen()) list.showPopover();
      const box = input.getBoundingClientRect(), below = innerHeight - box.bottom - 8;
      const height = Math.min(list.scrollHeight + 2, 240);
      Object.assign(list.style, {left: `${box.left}px`, minWidth: `${box.width}px`, maxHeight: "240px",
        top: below >= height ? `${box.bottom + 2}px` : `${Math.max(4, box.top - height - 2)}px`});
      input.setAttribute("aria-expanded", "true");
      point(found.findIndex((choice) => choice === input.value));
    }

    function point(place) {
      const options = list.querySelectorAll("[role=option]");
      active = Math.min(place, options.length - 1);
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
      options[active]?.scrollIntoView({block: "nearest"});
      if (active >= 0) input.setAttribute("aria-activedescendant", `${id}-${active}`);
    }

    function choose(choice) {
      input.value = choice;
      isTyped = false;
      take(choice);
      close();
    }

    function press(event) {
      const steps = {ArrowDown: 1, ArrowUp: -1};
      if (event.key in steps) {
        event.preventDefault();
        if (isOpen()) point(Math.max(0, active + steps[event.key])); else open();
      } else if (event.key === "Enter") {
        const option = isOpen() && list.querySelectorAll("[role=option]")[active];
        if (option) choose(option.textContent); else close();
      } else if (event.key === "Escape" && isOpen()) {
        event.stopPropagation();
        close();
      }
    }

    function show() {
      if (input.value !== model.get("value")) input.value = model.get("value");
      input.placeholder = model.get("placeholder");
      input.title = model.get("value");
      input.setAttribute("aria-label", model.get("label"));
      el.classList.toggle("barscope-wrong-box", model.get("wrong"));
      input.setAttribute("aria-invalid", String(model.get("wrong")));
    }

    input.addEventListener("input", () => { isTyped = true; take(input.value); open(); });
    input.addEventListener("keydown", press);
    input.addEventListener("focus", () => { isTyped = false; input.select(); });
    input.addEventListener("click", open);
    input.addEventListener("blur", close);
    model.on("change", show);
    el.append(input, list);
    el.classList.add("barscope-choice-box");
    show();
    return () => { close(); model.off("change", show); };
  },
};
