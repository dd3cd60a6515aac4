// A combobox with tags: the ARIA pattern of a text field with a list of suggestions. Everything is set as text.
const SHOWN = 50;
let boxes = 0;

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

// Symbols that begin with the text come first, then those that contain it.
function matches(choices, chosen, text) {
  const wanted = text.trim().toLowerCase();
  const first = [], rest = [];
  for (const symbol of choices) {
    const at = symbol.toLowerCase().indexOf(wanted);
    if (at < 0 || chosen.has(symbol)) continue;
    (at === 0 ? first : rest).push(symbol);
  }
  return first.concat(rest);
}

export default {
  render({model, el}) {
    const id = `barscope-symbols-${boxes++}`;
    const box = element("div", "barscope-symbols");
    const input = element("input", "barscope-symbol-text");
    const list = element("ul", "barscope-suggestions");
    const note = element("div", "barscope-symbol-note");
    list.id = id;
    list.hidden = note.hidden = true;
    list.setAttribute("role", "listbox");
    note.setAttribute("role", "status");
    for (const [name, value] of Object.entries({type: "text", role: "combobox", autocomplete: "off", spellcheck: "false",
      "aria-label": model.get("label"), "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false"})) {
      input.setAttribute(name, value);
    }
    let found = [], active = 0;

    const chosen = () => model.get("value");
    const choose = (symbols) => {
      model.set("value", symbols);
      model.save_changes();
    };

    function showTags() {
      const focused = box.contains(document.activeElement) && document.activeElement !== input;
      box.querySelectorAll(".barscope-tag-chip").forEach((tag) => tag.remove());
      for (const symbol of chosen()) {
        const tag = element("span", "barscope-tag-chip", symbol);
        tag.title = symbol;
        const remove = element("button", "barscope-tag-remove", "×");
        remove.type = "button";
        remove.disabled = model.get("disabled");
        remove.setAttribute("aria-label", `Remove ${symbol}`);
        remove.addEventListener("click", () => { choose(chosen().filter((s) => s !== symbol)); input.focus(); close(); });
        tag.appendChild(remove);
        box.insertBefore(tag, input);
      }
      input.placeholder = chosen().length ? "" : model.get("placeholder");
      input.disabled = model.get("disabled");
      if (focused) input.focus();
      box.scrollLeft = box.scrollWidth; // the newest symbol and the place to type
    }

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }

    function open() {
      note.hidden = true;
      found = matches(model.get("choices"), new Set(chosen()), input.value);
      const shown = found.slice(0, SHOWN);
      list.replaceChildren(...shown.map((symbol, place) => {
        const option = element("li", "barscope-suggestion", symbol);
        option.id = `${id}-${place}`;
        option.setAttribute("role", "option");
        option.addEventListener("pointerdown", (event) => { event.preventDefault(); add(symbol); });
        return option;
      }));
      if (found.length > SHOWN) {
        list.appendChild(element("li", "barscope-more", `${(found.length - SHOWN).toLocaleString()} more: keep typing`));
      } else if (!found.length && input.value) {
        list.appendChild(element("li", "barscope-more", "No such symbol here"));
      }
      list.hidden = !list.childElementCount;
      input.setAttribute("aria-expanded", String(!list.hidden));
      point(0);
    }

    function point(place) {
      const options = list.querySelectorAll("[role=option]");
      active = Math.max(0, Math.min(place, options.length - 1));
      options.forEach((option, i) => option.setAttribute("aria-selected", String(i === active)));
      options[active]?.scrollIntoView({block: "nearest"});
      if (options.length) input.setAttribute("aria-activedescendant", `${id}-${active}`);
    }

    function add(...symbols) {
      input.value = "";
      choose([...chosen(), ...symbols.filter((symbol) => !chosen().includes(symbol))]);
      input.focus();
      close();
    }

    // "AAPL, msft": each part that is a symbol here is added, the others stay to be corrected.
    function addTyped(parts) {
      const known = new Map(model.get("choices").map((symbol) => [symbol.toLowerCase(), symbol]));
      const exact = new Set(model.get("choices"));
      const symbols = parts.map((part) => exact.has(part) ? part : known.get(part.toLowerCase()));
      const unknown = parts.filter((_part, i) => symbols[i] === undefined);
      add(...new Set(symbols.filter((symbol) => symbol !== undefined)));
      input.value = unknown.join(", ");
      note.textContent = unknown.length ? `Not among the symbols here: ${unknown.join(", ").slice(0, 64)}` : "";
      note.hidden = !unknown.length;
    }

    function press(event) {
      const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10};
      if (event.key in steps) {
        event.preventDefault();
        if (list.hidden) open(); else point(active + steps[event.key]);
      } else if (event.key === "Enter" || (event.key === "," && input.value.trim())) {
        event.preventDefault();
        const parts = input.value.split(/[\s,;]+/).filter(Boolean);
        if (parts.length > 1 || model.get("choices").includes(input.value.trim())) addTyped(parts);
        else if (!list.hidden && found.length && input.value.trim()) add(found[active]);
        else if (!list.hidden && found.length && event.key === "Enter" && active > 0) add(found[active]);
        else if (parts.length) addTyped(parts);
        else open();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        close();
      } else if (event.key === "Backspace" && !input.value && chosen().length) {
        choose(chosen().slice(0, -1));
      }
    }

    input.addEventListener("input", open);
    input.addEventListener("keydown", press);
    input.addEventListener("blur", () => { close(); note.hidden = true; });
    box.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button, li")) return;
      if (event.target !== input) event.preventDefault();
      input.focus();
      open();
    });
    model.on("change:value change:disabled change:placeholder", showTags);
    box.append(input);
    el.append(box, list, note);
    el.classList.add("barscope-symbol-box");
    showTags();
    return () => model.off("change:value change:disabled change:placeholder", showTags);
  },
};
