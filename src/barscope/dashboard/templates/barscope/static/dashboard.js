// What the page does by itself: its colours, the drawn picture until the chart is there, and telling when it is cut off.
(() => {
  const body = document.body, KEY = "barscope-dark";
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  const keep = (value) => { try { localStorage.setItem(KEY, value); } catch { /* a page that may keep nothing */ } };
  import(document.querySelector("link[data-barscope-bundle]").href); // ready by the time the first chart asks for it
  const isDark = () => (kept() ?? String(preferred.matches)) === "true";
  const colour = () => {
    body.dataset.jpThemeLight = String(!isDark());
    document.documentElement.style.colorScheme = isDark() ? "dark" : "light";
    document.querySelector(".barscope-switch")?.setAttribute("aria-pressed", String(isDark()));
  };
  colour();
  preferred.addEventListener("change", colour);

  const begin = () => {
    colour();
    document.querySelector(".barscope-switch").addEventListener("click", () => { keep(String(!isDark())); colour(); });
    const picture = document.querySelector(".barscope-picture");
    picture.addEventListener("load", () => { picture.hidden = false; });
    if (!location.hash && innerWidth > 760) picture.src = `visualisation?type=large&theme=${isDark() ? "dark" : "light"}`;
    if (document.querySelector("[data-barscope-failed]")) ready();
  };
  // A place that was given up, after a while without use or with the server: say so, and how to go on.
  const watch = () => {
    const kernel = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}").kernelId;
    if (!kernel) return;
    const look = async () => {
      const answer = await fetch(`api/kernels/${kernel}`).catch(() => null);
      if (answer?.ok) return;
      clearInterval(timer);
      const note = document.createElement("p");
      note.className = "barscope-cut-off";
      note.setAttribute("role", "alert");
      const again = Object.assign(document.createElement("a"), {href: location.pathname, textContent: "Reload to go on"});
      note.append("This page is no longer connected. ", again);
      document.body.append(note);
    };
    const timer = setInterval(look, 15_000);
  };
  const ready = () => {
    watch();
    document.querySelector("main").classList.add("barscope-is-ready");
    const skeleton = document.querySelector(".barscope-skeleton");
    setTimeout(() => skeleton?.remove(), 400);
  };
  addEventListener("barscope-ready", ready, {once: true});
  // The page arrives in pieces: what stands before the kernel's part is there long before the end of it.
  const wait = () => (document.querySelector(".barscope-picture") ? begin() : requestAnimationFrame(wait));
  wait();
})();
