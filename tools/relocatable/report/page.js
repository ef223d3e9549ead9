"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { metadata, linkage, changes } = data;
  const byId = (id) => document.getElementById(id);
  const total = metadata.tree.bytes;

  // Everything shown comes from packages: it becomes text, never markup.
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "onclick") element.addEventListener("click", value);
      else if (value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined));
    return element;
  }

  const UNITS = ["B", "KB", "MB", "GB", "TB"];
  function bytes(count) {
    let unit = 0;
    let value = Math.abs(count);
    while (value >= 999.5 && unit < UNITS.length - 1) { value /= 1000; unit += 1; }
    const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
    return `${value.toFixed(digits)} ${UNITS[unit]}`;
  }
  const delta = (count) => (count > 0 ? "+" : count < 0 ? "−" : "±") + bytes(count);
  const percent = (part) => `${(100 * part / (total || 1)).toFixed(part >= total / 10 ? 0 : 1)} %`;

  // ---- Files, and where they are from ----

  const sources = data.tree.sources.map((name) => ({ name, bytes: 0, files: 0, hue: null }));
  const files = data.tree.files.map(([path, size, source, layer, edits]) => {
    sources[source].bytes += size;
    sources[source].files += 1;
    return { path, size, source: sources[source], layer: data.tree.layers[layer], edits: edits || [], links: [] };
  });
  const byPath = new Map(files.map((file) => [file.path, file]));
  for (const [path, , real] of data.tree.links) {
    if (byPath.has(real)) byPath.get(real).links.push(path);
  }
  const HUES = [205, 28, 145, 275, 350, 55, 180, 320, 95, 240];
  [...sources].sort((a, b) => b.bytes - a.bytes).slice(0, HUES.length)
    .forEach((source, rank) => { source.hue = HUES[rank]; });
  const tint = (element, source) => {
    if (source && source.hue !== null) {
      element.classList.add("tinted");
      element.style.setProperty("--hue", source.hue);
    }
    return element;
  };

  function grow(pathOf, rootName) {
    const root = { name: rootName, path: "", size: 0, children: new Map(), parent: null };
    for (const file of files) {
      let node = root;
      node.size += file.size;
      const parts = pathOf(file);
      parts.forEach((name, depth) => {
        let child = node.children.get(name);
        if (!child) {
          child = { name, path: parts.slice(0, depth + 1).join("/"), size: 0, children: new Map(), parent: node };
          node.children.set(name, child);
        }
        child.size += file.size;
        node = child;
      });
      node.file = file;
    }
    const finish = [root];
    while (finish.length) {
      const node = finish.pop();
      node.sorted = [...node.children.values()].sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
      finish.push(...node.sorted);
    }
    return root;
  }
  const views = {
    directories: grow((file) => file.path.split("/"), metadata.name),
    sources: grow((file) => [file.source.name, ...file.path.split("/")], metadata.name),
  };
  // The source of most of what is in it.
  function mainSource(node) {
    while (!node.file && node.sorted.length) node = node.sorted[0];
    return node.file && node.file.source;
  }

  // ---- The head ----

  function head() {
    byId("name").textContent = metadata.name;
    byId("platform").textContent = metadata.platform;
    const libc = metadata.libc;
    const facts = [["Unpacked", bytes(total), `${metadata.tree.files} files`]];
    for (const archive of metadata.archives) {
      const ending = archive.file.slice(metadata.name.length + 1);
      facts.push([ending, bytes(archive.size), `sha256 ${archive.sha256.slice(0, 12)}…`]);
    }
    if (metadata.python_version) facts.push(["Python", metadata.python_version]);
    if (libc.mode === "bundled") facts.push(["C library", libc.version || "bundled", "the dist's own"]);
    else if (metadata.minimum_os) facts.push(["System", `macOS ${metadata.minimum_os} or newer`]);
    else facts.push(["C library", "the machine's", libc.baseline ? `glibc ${libc.baseline} or newer` : undefined]);
    facts.push(["Starts", String(metadata.entry_points.length), metadata.entry_points.slice(0, 3).join(", ")
      + (metadata.entry_points.length > 3 ? ", …" : "")]);
    for (const [name, value, more] of facts) {
      byId("facts").append(make("div", {}, make("dt", {}, name),
        make("dd", {}, value, more ? make("br") : undefined, more ? make("small", {}, more) : undefined)));
    }
    byId("tool").textContent = `Made by ${metadata.tool.name} ${metadata.tool.version} with the dist itself. `
      + "This page holds all that it shows.";
  }

  // ---- The map ----

  let here = views.directories;

  // Squarified: rows of cells that are as close to squares as they can be (Bruls, Huizing, van Wijk).
  function squarify(nodes, x, y, width, height) {
    const placed = [];
    let left = nodes.reduce((sum, node) => sum + node.size, 0);
    let begin = 0;
    while (begin < nodes.length && left > 0 && width > 0 && height > 0) {
      const scale = width * height / left;
      const side = Math.min(width, height);
      let end = begin;
      let sum = 0;
      let worst = Infinity;
      while (end < nodes.length) {
        const next = sum + nodes[end].size * scale;
        const thick = next / side;
        const first = nodes[begin].size * scale / thick;
        const last = nodes[end].size * scale / thick;
        const ratio = Math.max(thick / last, last / thick, thick / first, first / thick);
        if (ratio > worst) break;
        worst = ratio;
        sum = next;
        end += 1;
      }
      const thick = sum / side;
      let along = 0;
      for (const node of nodes.slice(begin, end)) {
        const length = node.size * scale / thick;
        placed.push(width >= height
          ? { node, x, y: y + along, width: thick, height: length }
          : { node, x: x + along, y, width: length, height: thick });
        along += length;
        left -= node.size;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
      begin = end;
    }
    return placed;
  }

  const TITLE = 18;
  function drawInto(parent, nodes, box, depth) {
    for (const cell of squarify(nodes.filter((node) => node.size > 0), ...box)) {
      if (cell.width < 3 || cell.height < 3) continue;
      const element = make("div", { class: "cell" });
      element.node = cell.node;
      Object.assign(element.style, {
        left: `${cell.x + .5}px`, top: `${cell.y + .5}px`,
        width: `${cell.width - 1}px`, height: `${cell.height - 1}px`,
      });
      const roomy = cell.width > 48 && cell.height > 2 * TITLE;
      const inner = cell.node.sorted.length > 0 && roomy && depth < 6;
      if (inner) element.classList.add("group");
      else tint(element, mainSource(cell.node));
      if (cell.width > 30 && cell.height > 14) element.textContent = cell.node.name;
      parent.append(element);
      if (inner) {
        drawInto(parent, cell.node.sorted,
          [cell.x + 2, cell.y + TITLE, cell.width - 4, cell.height - TITLE - 2], depth + 1);
      }
    }
  }

  function draw() {
    const map = byId("map");
    map.replaceChildren();
    const nodes = here.sorted.length ? here.sorted : [here];
    drawInto(map, nodes, [0, 0, map.clientWidth, map.clientHeight], 0);
    const crumbs = byId("crumbs");
    crumbs.replaceChildren();
    const way = [];
    for (let node = here; node; node = node.parent) way.unshift(node);
    way.forEach((node, depth) => {
      if (depth) crumbs.append(make("span", { "aria-hidden": "true" }, "/"));
      crumbs.append(node === here ? make("span", { "aria-current": "true" }, node.name)
        : make("button", { type: "button", onclick: () => go(node) }, node.name));
    });
    crumbs.append(make("span", {}, `· ${bytes(here.size)}, ${percent(here.size)}`));
    const entry = (node, name) => make("li", {}, make("button", { type: "button", onclick: () => choose(node) },
      tint(make("i", { class: "swatch" }), mainSource(node)),
      make("span", { class: "name", title: node.path }, name),
      make("span", { class: "size" }, bytes(node.size))));
    const SHOWN = 14;
    const rest = nodes.slice(SHOWN);
    byId("children").replaceChildren(
      ...nodes.slice(0, SHOWN).map((node) => entry(node, node.name + (node.sorted.length ? "/" : ""))),
      ...(rest.length ? [make("li", { class: "note" }, `and ${rest.length} more, ${bytes(rest.reduce((sum, node) => sum + node.size, 0))}`)] : []));
    // Where there are few parts, what is large may be further down.
    const large = largest(here, Math.max(0, 11 - nodes.length));
    byId("largest-title").hidden = !large.length;
    byId("largest").replaceChildren(...large.map((node) => entry(node, node.name)));
  }
  function largest(top, count) {
    const found = [];
    const work = top.sorted.some((node) => node.sorted.length) ? [top] : [];
    while (work.length) {
      const node = work.pop();
      if (node.sorted.length) work.push(...node.sorted);
      else found.push(node);
    }
    return found.sort((a, b) => b.size - a.size).slice(0, count);
  }
  // What was pressed may be gone then: who came by keyboard goes on from the first part.
  function go(node) {
    const inside = byId("map-section").contains(document.activeElement);
    here = node;
    draw();
    if (inside && document.activeElement === document.body) byId("children").querySelector("button").focus();
  }
  function choose(node) { if (node.file && !node.sorted.length) select(node.file); else go(node); }

  function map() {
    const element = byId("map");
    let pointed = null;
    element.addEventListener("pointermove", (event) => {
      const cell = event.target.closest(".cell");
      if (cell === pointed) return;
      if (pointed) pointed.classList.remove("pointed");
      pointed = cell;
      if (!cell) { byId("pointed").textContent = "\u00a0"; return; }
      cell.classList.add("pointed");
      const { node } = cell;
      const from = node.file ? node.file.source.name : `${node.sorted.length} entries`;
      byId("pointed").textContent = `${node.path} — ${bytes(node.size)}, ${percent(node.size)} — ${from}`;
    });
    element.addEventListener("click", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      // Into the part that was hit, one step at a time.
      let node = cell.node;
      if (!node.file) { go(node); return; }
      if (node.parent === here || node.parent === null) { select(node.file); return; }
      while (node.parent !== here && node.parent) node = node.parent;
      go(node);
    });
    element.addEventListener("pointerleave", () => {
      if (pointed) pointed.classList.remove("pointed");
      pointed = null;
      byId("pointed").textContent = "\u00a0";
    });
    byId("map-section").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && here.parent) go(here.parent);
    });
    for (const button of document.querySelectorAll("[data-view]")) {
      button.addEventListener("click", () => {
        for (const other of document.querySelectorAll("[data-view]")) {
          other.setAttribute("aria-pressed", String(other === button));
        }
        go(views[button.dataset.view]);
      });
    }
    new ResizeObserver(draw).observe(element);
  }

  // ---- One file ----

  const objects = new Map(linkage.objects.map((object) => [object.path, object]));
  let selected = null;
  // What is looked for in: all that a file is known by.
  for (const file of files) {
    const { soname } = objects.get(file.path) || {};
    file.text = [file.path, ...file.links, file.source.name, soname || ""].join(" ").toLowerCase();
  }

  const pathButton = (path, text = path) => byPath.has(path)
    ? make("button", { type: "button", class: "link path", onclick: () => select(byPath.get(path), false) }, text)
    : make("span", { class: "path" }, text);

  function listed(title, items) {
    return items.length ? make("div", {}, make("h3", {}, title), make("ul", {}, ...items.map((item) => make("li", {}, item)))) : undefined;
  }

  function why(file, object) {
    const started = linkage.programs.find((program) => program.launchers.includes(file.path));
    if (started) return make("p", {}, "A launcher, which starts ", pathButton(started.path), ".");
    const from = file.layer ? `Kept from ${file.layer}.` : "Taken from the libraries.";
    if (!object && !file.layer && /^[@/]/.test(file.source.name)) return make("p", {}, `Made by ${file.source.name}.`);
    if (!object) return make("p", {}, file.layer ? from : "Taken from the libraries, because a policy of the dist says so.");
    if (object.chain.length > 1) {
      const steps = object.chain.map((path, depth) => {
        const step = make("li", {}, depth === object.chain.length - 1 ? make("span", { class: "path" }, path) : pathButton(path));
        step.style.setProperty("--depth", Math.min(depth, 8));
        return step;
      });
      return make("div", {}, make("h3", {}, "Why it is here"), make("p", {}, from), make("ol", { class: "chain" }, ...steps));
    }
    if (object.opened === "module") return make("p", {}, `A Python extension module. ${from}`);
    const program = linkage.programs.find(({ path }) => path === file.path);
    if (program && program.launchers.length) {
      const starters = program.launchers.flatMap((path) => [" ", pathButton(path)]);
      return make("p", {}, `A program. ${from} Started by`, ...starters, ".");
    }
    if (program) return make("p", {}, `A program. ${from}`);
    return make("p", {}, `${from} No ELF file of the dist asks for it: what uses it opens it by name.`);
  }

  function select(file, scroll = true) {
    selected = file;
    const object = objects.get(file.path);
    const details = byId("details");
    const inside = details.contains(document.activeElement);
    const edits = [...new Set(file.edits)];
    const from = `${bytes(file.size)} from ${file.source.name}`;
    details.replaceChildren(...[
      make("p", { class: "path", tabindex: "-1" }, file.path),
      make("p", { class: "note" }, edits.length ? `${from}; edited: ${edits.join(", ")}` : from),
      why(file, object),
      listed("Links to it", file.links.map((path) => make("span", { class: "path" }, path))),
      object && listed("Needs", object.needs.map((need) => need.found
        ? make("span", {}, pathButton(need.found, need.name), make("span", { class: "note" }, ` ${need.how}`))
        : make("span", {}, make("span", { class: "path" }, need.name),
          make("span", { class: "note" }, need.how === "host" ? " the machine's" : " missing")))),
      object && listed(`Needed by ${object.needed_by.length}`, object.needed_by.slice(0, 40).map((path) => pathButton(path))
        .concat(object.needed_by.length > 40 ? [`and ${object.needed_by.length - 40} more`] : [])),
      object && listed("Symbol versions that it requires", Object.entries(object.requires)
        .map(([library, versions]) => make("span", {}, make("span", { class: "path" }, library), ` ${versions.join(", ")}`))),
    ].filter(Boolean));
    if (inside) details.firstElementChild.focus({ preventScroll: true });
    for (const button of document.querySelectorAll("#found button")) {
      button.setAttribute("aria-current", String(button.textContent === file.path));
    }
    if (scroll) byId("find-title").scrollIntoView({ block: "start" });
  }

  function find() {
    const input = byId("query");
    const SHOWN = 60;
    const search = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const hits = files.filter((file) => words.every((word) => file.text.includes(word)));
      if (!words.length) hits.sort((a, b) => b.size - a.size);
      byId("count").textContent = words.length ? `${hits.length} of ${files.length} files`
        : `the largest of ${files.length} files`;
      byId("found").replaceChildren(...hits.slice(0, SHOWN).map((file) => make("li", {},
        make("button", { type: "button", class: "path", onclick: () => select(file, false), "aria-current": String(file === selected) }, file.path))));
    };
    input.addEventListener("input", search);
    search();
    const first = files.find((file) => (objects.get(file.path) || { chain: [] }).chain.length > 2)
      || files.find((file) => objects.has(file.path)) || files[0];
    if (first) select(first, false);
  }

  // ---- Packages ----

  function packages() {
    const rows = metadata.sources.map((source) => ({
      name: source.label || source.name, version: source.version || "", files: source.files, bytes: source.bytes,
      source: sources.find(({ name }) => name === source.label || name === source.file
        || name === `${source.name} ${source.version} ${source.architecture}`),
    }));
    const largest = Math.max(1, ...rows.map((row) => row.bytes));
    const state = { key: "bytes", down: true, all: false };
    const SHOWN = 15;
    const show = () => {
      rows.sort((a, b) => (a[state.key] < b[state.key] ? -1 : a[state.key] > b[state.key] ? 1 : a.name < b.name ? -1 : 1)
        * (state.down ? -1 : 1));
      const shown = state.all ? rows : rows.slice(0, SHOWN);
      document.querySelector("#sources tbody").replaceChildren(...shown.map((row) => {
        const bar = make("span", { class: "bar" });
        bar.style.width = `${100 * row.bytes / largest}%`;
        return make("tr", {},
          make("td", {}, tint(make("i", { class: "swatch", "aria-hidden": "true" }), row.source), row.name),
          make("td", { class: "path" }, row.version),
          make("td", { class: "number" }, String(row.files)),
          make("td", { class: "number" }, bytes(row.bytes)),
          make("td", {}, bar));
      }));
      byId("more").hidden = state.all || rows.length <= SHOWN;
      byId("more").textContent = `Show all ${rows.length}`;
    };
    byId("more").addEventListener("click", () => { state.all = true; show(); });
    for (const cell of document.querySelectorAll("th[data-sort]")) {
      cell.querySelector("button").addEventListener("click", () => {
        const { sort } = cell.dataset;
        state.down = state.key === sort ? !state.down : sort === "bytes" || sort === "files";
        state.key = sort;
        for (const other of document.querySelectorAll("th[data-sort]")) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", state.down ? "descending" : "ascending");
        show();
      });
    }
    show();
  }

  // ---- What changed ----

  function changed() {
    if (!changes) return;
    byId("changes").hidden = false;
    byId("changes-against").textContent = changes.same ? `Nothing, against ${changes.old}.` : `Against ${changes.old}.`;
    const body = byId("changes-body");
    const column = (title, rows) => {
      if (rows.length) body.append(make("div", {}, make("h3", {}, title), make("ul", {}, ...rows)));
    };
    const row = (left, right, kind) => make("li", {}, make("span", {}, left), make("span", { class: `number ${kind || ""}` }, right));
    const kind = (count) => (count > 0 ? "grown" : count < 0 ? "shrunk" : "");
    const said = (value) => value === null || value === undefined ? "" : typeof value === "object" ? value.version || JSON.stringify(value) : String(value);
    column("Sizes", Object.entries(changes.sizes).map(([name, [old, now]]) =>
      row(`${name}: ${bytes(old)} → ${bytes(now)}`, delta(now - old), kind(now - old))));
    const facts = [];
    for (const [aspect, more] of [["about", ""], ["baselines", " required"]]) {
      const found = changes[aspect] || { added: {}, removed: {}, changed: {} };
      for (const [name, [old, now]] of Object.entries(found.changed)) facts.push(row(name + more, `${said(old)} → ${said(now)}`));
      for (const [name, value] of Object.entries(found.added)) facts.push(row(name + more, `now ${said(value)}`));
      for (const [name, value] of Object.entries(found.removed)) facts.push(row(name + more, `was ${said(value)}`));
    }
    column("Facts", facts);
    for (const [aspect, title] of [["packages", "Debian packages"], ["distributions", "Python distributions"], ["entry_points", "Entry points"]]) {
      const found = changes[aspect];
      if (!found) continue;
      column(title, [
        ...Object.entries(found.changed).map(([name, [old, now]]) => row(name, `${said(old)} → ${said(now)}`)),
        ...Object.entries(found.added).map(([name, value]) => row(name, `new ${said(value)}`, "grown")),
        ...Object.entries(found.removed).map(([name, value]) => row(name, `gone ${said(value)}`, "shrunk")),
      ]);
    }
    const found = changes.sources;
    if (found) {
      const moves = [
        ...Object.entries(found.changed).map(([name, [old, now]]) => [name, now - old]),
        ...Object.entries(found.added).map(([name, now]) => [name, now]),
        ...Object.entries(found.removed).map(([name, old]) => [name, -old]),
      ].filter(([, count]) => count).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
      column("Where the size moved", moves.slice(0, 12).map(([name, count]) => row(name, delta(count), kind(count))));
    }
  }

  // ---- What is waived ----

  function waived() {
    const waivers = metadata.waivers || [];
    byId("waivers").hidden = waivers.length === 0;
    const SHOWN = 5;
    for (const { check, pattern, reason, paths } of waivers) {
      const more = paths.length > SHOWN ? [make("li", {}, `and ${paths.length - SHOWN} more`)] : [];
      byId("waivers-body").append(make("div", {}, make("h3", {}, `${check}, ${pattern}`), make("p", {}, reason),
        make("ul", {}, ...paths.slice(0, SHOWN).map((path) => make("li", { class: "path" }, path)), ...more)));
    }
  }

  head();
  changed();
  waived();
  map();
  find();
  packages();
})();
