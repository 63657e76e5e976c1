"use strict";
// What the page does beyond HTML: copy, find, unfold. Without it nothing is lost but these; what needs it is hidden.
(() => {
  const said = document.getElementById("said");
  const all = (what, within = document) => Array.from(within.querySelectorAll(what));
  const say = (text) => {
    said.textContent = "";
    setTimeout(() => { said.textContent = text; }, 50); // the same words twice are read twice
  };

  // Copy: the clipboard where the browser gives it, as it does for files; else the old way; else at least a selection.
  const selected = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    let done = false;
    try { done = document.execCommand("copy"); } catch { done = false; }
    field.remove();
    return done;
  };
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return selected(text);
    }
  };
  const codeOf = (button) =>
    button.hasAttribute("data-copy-all")
      ? all(":scope > .command code", button.closest(".step")).slice(0, Number.parseInt(button.dataset.many, 10))
      : all("code", button.parentElement);
  const copy = async (button) => {
    const codes = codeOf(button);
    const text = codes.map((code) => code.textContent).join("\n");
    const label = button.firstChild;
    const before = button.dataset.label || label.nodeValue;
    button.dataset.label = before;
    if (await copied(text)) {
      label.nodeValue = "Copied";
      button.classList.add("done");
      say(`Copied: ${codes.length === 1 ? text.split("\n")[0].slice(0, 80) : `${codes.length} commands`}`);
    } else {
      const range = document.createRange();
      range.setStartBefore(codes[0]);
      range.setEndAfter(codes[codes.length - 1]);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      label.nodeValue = "Selected";
      say("The browser did not copy. The command is selected: copy it with the keyboard.");
    }
    clearTimeout(Number(button.dataset.timer));
    button.dataset.timer = setTimeout(() => {
      label.nodeValue = before;
      button.classList.remove("done");
    }, 2500);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });
  const show = (within) => {
    for (const hidden of all("button.copy[hidden], .scripted[hidden], .finder[hidden]", within)) hidden.hidden = false;
  };

  // Find: what fits, at most so many that they can be read.
  const MOST = 50;
  const finder = (place, entries, noun, row) => {
    const input = place.querySelector("input");
    const status = place.querySelector(".found-count");
    const list = place.querySelector(".found");
    const look = () => {
      const wanted = input.value.trim().toLowerCase();
      const found = wanted ? entries().filter((entry) => entry.name.toLowerCase().includes(wanted)) : [];
      list.replaceChildren(...found.slice(0, MOST).map(row));
      const more = found.length > MOST ? `, the first ${MOST} of them below` : "";
      status.textContent = wanted ? `${found.length} of ${entries().length} ${noun}${more}` : "";
    };
    input.addEventListener("input", look);
    return look;
  };

  const nodes = document.querySelector("[data-nodes]");
  if (nodes) {
    let known = null;
    const read = () => {
      known ??= all(".group").flatMap((group) => {
        const means = group.querySelector("[data-means]").textContent;
        const link = group.querySelector("a");
        const names = group.querySelector("[data-names]");
        const each = names.children.length ? all("code", names).map((code) => code.textContent) : names.textContent.split("\n");
        return each.map((name) => ({ name, means, link }));
      });
      return known;
    };
    finder(nodes, read, "nodes", ({ name, means, link }) => {
      const item = document.createElement("li");
      const strong = document.createElement("b");
      strong.textContent = name;
      item.append(strong, ` ${means} `);
      if (link) item.append(link.cloneNode(true));
      return item;
    });
  }

  const unpacked = async (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  };
  for (const place of all("[data-members]")) {
    const member = place.querySelector(".member");
    let entries = [];
    const look = finder(place, () => entries, "others", ({ name, html }) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => {
        member.innerHTML = html(); // made by the same templates as the page, which escape what a cluster says
        show(member);
        const title = document.createElement("h5");
        title.textContent = name;
        member.prepend(title);
        member.focus();
      });
      item.append(button);
      return item;
    });
    place.addEventListener("focusin", async () => {
      if (entries.length) return;
      entries = (await unpacked(place.dataset.members)).flatMap(({ pieces, names, columns, count }) => {
        const told = (parts, row) => parts.map((part) => (typeof part === "number" ? columns[part][row] : part)).join("");
        return Array.from({ length: count }, (_, row) => ({ name: told(names, row), html: () => told(pieces, row) }));
      });
      look();
    }, { once: true });
  }

  // Unfold: a link's target always, everything for print or at a press.
  const unfoldTo = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target && target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  };
  addEventListener("hashchange", unfoldTo);
  unfoldTo();
  const unfold = document.getElementById("unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    for (const fold of all("details")) fold.open = open;
    say(open ? "Everything is unfolded" : "Everything is folded");
  });
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });

  // The age, as of now: a file is opened long after it was written.
  const age = document.getElementById("age");
  if (age) {
    const taken = Date.parse(document.getElementById("taken").dateTime);
    const tell = () => {
      const seconds = Math.max(0, Math.round((Date.now() - taken) / 1000));
      const [unit, length] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]].find(([, size]) => seconds >= 2 * size) || ["s", 1];
      age.textContent = `, ${Math.floor(seconds / length)} ${unit} ago`;
    };
    tell();
    setInterval(tell, 30000);
  }
  show(document);
})();
