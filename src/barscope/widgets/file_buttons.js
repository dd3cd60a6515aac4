// Export asks the kernel for the text of a file and lets the browser save it; Import gives the kernel a file.
function button(label, icon, title) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "jupyter-button widget-button";
  made.title = title;
  const picture = document.createElement("i");
  picture.className = `fa fa-${icon}`;
  picture.setAttribute("aria-hidden", "true");
  made.append(picture, ` ${label}`);
  return made;
}

function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], {type: "application/json"}));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export default {
  render({model, el}) {
    const save = button("Export", "download", "Save all presets as a file");
    const open = button("Import", "upload", "Load presets from a file");
    const chooser = document.createElement("input");
    chooser.type = "file";
    chooser.accept = `.${model.get("file_name").split(".").pop()}`;
    chooser.hidden = true;
    el.classList.add("barscope-file-buttons");
    el.append(save, open, chooser);

    let asked = false; // another view of these buttons may be the one that was clicked
    save.addEventListener("click", () => {
      asked = true;
      model.send({ask: "file"});
    });
    open.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", async () => {
      const [file] = chooser.files;
      if (!file) return;
      if (file.size > model.get("largest")) model.send({give: "too large"});
      else model.send({give: "file"}, undefined, [await file.arrayBuffer()]);
      chooser.value = ""; // so that the same file can be chosen again
    });
    const answer = ({text}) => {
      if (asked) download(model.get("file_name"), text);
      asked = false;
    };
    model.on("msg:custom", answer);
    return () => model.off("msg:custom", answer);
  },
};
