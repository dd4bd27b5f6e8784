"use strict";
(() => {
  const [copyWord, copiedWord, notCopiedWord] = document.body.dataset.copyWords.split("|");
  const shownWords = document.body.dataset.shownWords;
  const cards = [...document.querySelectorAll("details.finding")];

  const filters = document.getElementById("filters");
  if (filters) {
    const shown = document.getElementById("shown");
    const noneShown = document.getElementById("none-shown");
    const apply = () => {
      const wanted = { level: new Set(), side: new Set(), state: new Set() };
      for (const box of filters.querySelectorAll("input:checked")) wanted[box.name].add(box.value);
      let findings = 0, total = 0;
      for (const card of cards) {
        const number = Number(card.dataset.findings);
        const show = wanted.level.has(card.dataset.level) && wanted.side.has(card.dataset.side) && wanted.state.has(card.dataset.state);
        card.hidden = !show;
        total += number;
        if (show) findings += number;
      }
      shown.textContent = findings === total ? "" : shownWords.replace("%1", findings.toLocaleString("en")).replace("%2", total.toLocaleString("en"));
      noneShown.hidden = findings > 0;
    };
    filters.addEventListener("change", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
    filters.addEventListener("click", (event) => {
      const all = event.target.dataset ? event.target.dataset.all : undefined;
      if (all) for (const card of cards) if (!card.hidden) card.open = all === "open";
    });
    filters.hidden = false;
    apply();
  }

  const copied = async (button, text) => {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = done ? copiedWord : notCopiedWord;
    setTimeout(() => { button.textContent = copyWord; }, 1500);
  };
  const dress = (root) => {
    for (const source of root.querySelectorAll("[data-copy]")) {
      if (source.closest("details.finding:not([open])")) continue;
      source.removeAttribute("data-copy");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = copyWord;
      button.addEventListener("click", () => copied(button, source.textContent));
      if (source.tagName === "PRE") {
        const frame = document.createElement("div");
        frame.className = "copyable";
        source.replaceWith(frame);
        frame.append(source, button);
      } else {
        source.after(button);
      }
    }
  };
  for (const part of document.querySelectorAll("main > section:not(#drift), details.finding[open]")) dress(part);
  document.addEventListener("toggle", (event) => { if (event.target.open) dress(event.target); }, true);

  const reveal = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let box = target.closest("details"); box; box = box.parentElement.closest("details")) {
      box.hidden = false;
      box.open = true;
    }
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const box of closed) box.open = true;
  });
  addEventListener("afterprint", () => {
    for (const box of closed) box.open = false;
  });
})();
