// A native date input that speaks once a date is meant: picked in the calendar, or typed and then left or entered.
export default {
  render({model, el}) {
    const input = document.createElement("input");
    input.type = "date";
    input.className = "barscope-input";
    let typing = false;

    const show = () => {
      input.min = model.get("min");
      input.max = model.get("max");
      input.disabled = model.get("disabled");
      input.setAttribute("aria-label", model.get("label"));
      if (!typing && input.value !== model.get("value")) input.value = model.get("value");
    };
    const commit = () => {
      typing = false;
      if (input.validity.badInput) {
        input.value = model.get("value");
      } else if (input.value !== model.get("value")) {
        model.set("value", input.value);
        model.save_changes();
      }
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") commit();
      else if (event.key !== "Tab") typing = true;
    });
    input.addEventListener("pointerdown", () => { typing = false; });
    input.addEventListener("change", () => { if (!typing) commit(); });
    input.addEventListener("blur", commit);
    model.on("change", show);
    show();
    el.appendChild(input);
    return () => model.off("change", show);
  },
};
