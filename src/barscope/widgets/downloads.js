// Hands a file that the kernel made to the browser, which saves it as any other download.
export default {
  render({model, el}) {
    const save = (content, buffers) => {
      if (!content?.name || !buffers?.length) return;
      const url = URL.createObjectURL(new Blob(buffers, {type: content.mime}));
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = content.name;
      el.append(anchor);
      anchor.click();
      anchor.remove();
      URL.revokeObjectURL(url);
    };
    model.on("msg:custom", save);
    return () => model.off("msg:custom", save);
  },
};
