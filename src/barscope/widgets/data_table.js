// A table of which only the rows in sight are there: the kernel keeps, sorts and formats all of them and sends a page
// around what is looked at. Everything is set as text.
const ROW = 26, MARGIN = 40;
let tables = 0;

function element(tag, className, attributes = {}, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export default {
  render({model, el}) {
    const id = `barscope-table-${tables++}`;
    const grid = element("div", "barscope-table", {role: "grid", tabindex: "0"});
    const head = element("div", "barscope-table-head", {role: "row"});
    const body = element("div", "barscope-table-body", {role: "rowgroup"});
    const empty = element("div", "barscope-table-empty");
    grid.append(head, body, empty);
    let active = -1, frame = 0, sort = null, height = ROW, width = 0, kept = [];

    const get = (name) => model.get(name);
    const set = (name, value) => { model.set(name, value); model.save_changes(); };
    const rowAt = (place) => get("page").rows[place - get("page").first];

    // ---- what is in sight
    function span() {
      height = grid.clientHeight || height; // none while its cell is out of sight: draw as many rows as before
      if (grid.clientWidth && grid.clientWidth !== width) drawHead();
      const first = Math.max(0, Math.floor(grid.scrollTop / ROW));
      return [first, Math.min(get("total"), first + Math.ceil(height / ROW) + 1)];
    }

    function draw() {
      frame = 0;
      const [first, last] = span(), page = get("page");
      if (first < page.first || last > page.first + page.rows.length) ask(first, last);
      body.style.height = `${get("total") * ROW}px`;
      const made = [];
      for (let place = Math.max(0, first - 4); place < Math.min(get("total"), last + 4); place++) {
        const row = rowAt(place);
        if (row) made.push(rowElement(row, place));
      }
      body.replaceChildren(...made);
      empty.textContent = get("total") ? "" : get("nothing");
      grid.setAttribute("aria-rowcount", String(get("total") + 1));
      point();
    }

    function ask(first, last) {
      const wanted = [Math.max(0, first - MARGIN), last + MARGIN];
      if (String(wanted) !== String(get("wanted"))) set("wanted", wanted);
    }

    function rowElement(row, place) {
      const made = element("div", "barscope-table-row", {role: "row", id: `${id}-${place}`, "aria-rowindex": String(place + 2)});
      made.style.transform = `translateY(${place * ROW}px)`;
      made.setAttribute("aria-selected", String(row.key === get("current")));
      made.dataset.place = place;
      if (row.tone) made.dataset.tone = row.tone;
      if (get("checkable")) made.append(checkCell(row));
      kept.forEach(({column, i}) => {
        const text = row.cells[i] ?? "";
        const cell = element("div", `barscope-cell barscope-${column.align}`, {role: "gridcell"}, text);
        cell.classList.toggle("barscope-toned", Boolean(column.toned));
        cell.title = text;
        made.append(cell);
      });
      return made;
    }

    function checkCell(row) {
      const cell = element("div", "barscope-cell barscope-check", {role: "gridcell"});
      const box = element("input", "", {type: "checkbox", tabindex: "-1", "aria-label": `Choose ${row.cells[0]}`});
      box.checked = get("checked").includes(row.key);
      cell.append(box);
      return cell;
    }

    function point() {
      body.querySelectorAll(".barscope-table-row").forEach((row) => {
        row.classList.toggle("barscope-active", Number(row.dataset.place) === active);
      });
      if (body.querySelector(`#${id}-${active}`)) grid.setAttribute("aria-activedescendant", `${id}-${active}`);
      else grid.removeAttribute("aria-activedescendant");
    }

    // ---- headings
    // The columns there is room for.
    function inRoom(room) {
      let found = get("columns").map((column, i) => ({column, i}));
      const needed = () => found.reduce((sum, {column}) => sum + column.width, get("checkable") ? 28 : 0);
      while (room && needed() > room) {
        const most = Math.max(...found.map(({column}) => column.spare ?? 0));
        if (!most) break;
        found = found.filter(({column}) => column.spare !== most);
      }
      return found;
    }

    function drawHead() {
      const [key, down] = get("sort");
      width = grid.clientWidth;
      kept = inRoom(width);
      const columns = kept.map(({column}) => column);
      const widths = columns.map((c) => c.grow ? `minmax(${c.width}px, ${c.grow}fr)` : `${c.width}px`);
      grid.style.setProperty("--barscope-columns", (get("checkable") ? "28px " : "") + widths.join(" "));
      const least = columns.reduce((sum, c) => sum + c.width, get("checkable") ? 28 : 0);
      body.style.minWidth = head.style.minWidth = `${least}px`;
      grid.setAttribute("aria-label", get("label"));
      const cells = get("checkable") ? [element("div", "barscope-cell", {role: "columnheader", "aria-label": "Chosen"})] : [];
      for (const column of columns) {
        const cell = element("div", `barscope-cell barscope-${column.align}`, {role: "columnheader"});
        const button = element("button", "", {type: "button"}, column.label);
        const state = column.key !== key ? "none" : down ? "descending" : "ascending";
        button.title = `Sort by ${column.label}`;
        button.dataset.key = column.key;
        cell.setAttribute("aria-sort", state);
        cell.append(button);
        cells.push(cell);
      }
      const focused = head.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      head.replaceChildren(...cells);
      if (focused) [...head.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
    }

    // ---- what a person does
    const toggle = (key) => {
      const chosen = get("checked");
      set("checked", chosen.includes(key) ? chosen.filter((other) => other !== key) : [...chosen, key]);
    };

    function go(place) {
      active = Math.max(0, Math.min(get("total") - 1, place));
      const top = active * ROW, room = grid.clientHeight - head.offsetHeight;
      if (top < grid.scrollTop) grid.scrollTop = top;
      else if (top + ROW > grid.scrollTop + room) grid.scrollTop = top + ROW - room;
      draw();
    }

    grid.addEventListener("keydown", (event) => {
      if (event.target !== grid || event.ctrlKey || event.metaKey || event.altKey) return;
      const page = Math.max(1, Math.floor(grid.clientHeight / ROW) - 2);
      const steps = {ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: get("total") - 1};
      const row = rowAt(active);
      if (event.key in steps) go(steps[event.key]);
      else if (event.key === "Enter" && row) set("current", row.key);
      else if (event.key === " " && row) get("checkable") ? toggle(row.key) : set("current", row.key);
      else return;
      event.preventDefault();
    });
    body.addEventListener("click", (event) => {
      const found = event.target.closest(".barscope-table-row"), row = found && rowAt(Number(found.dataset.place));
      if (!row) return;
      active = Number(found.dataset.place);
      if (event.target.closest(".barscope-check")) {
        toggle(row.key);
        draw();
      } else if (row.key !== get("current")) {
        set("current", row.key);
      } else {
        point();
        model.send({again: row.key}); // a second click asks for the same once more
      }
    });
    head.addEventListener("click", (event) => {
      const key = event.target.dataset?.key, [now, down] = get("sort");
      if (key) set("sort", [key, key === now && !down]);
    });
    const later = () => { frame = frame || requestAnimationFrame(draw); };
    const again = () => {
      if (String(sort) !== String(get("sort"))) { grid.scrollTop = 0; active = -1; sort = get("sort"); }
      drawHead();
      later();
    };
    grid.addEventListener("scroll", later);
    const sized = new ResizeObserver(later);
    sized.observe(grid);
    model.on("change", again);
    el.classList.add("barscope-table-holder");
    el.append(grid);
    sort = get("sort");
    again();
    return () => { model.off("change", again); sized.disconnect(); cancelAnimationFrame(frame); };
  },
};
