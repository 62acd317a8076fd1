"use strict";
(function () {
  const table = document.getElementById("table");
  if (!table) return;
  const text = document.getElementById("text");
  const kind = document.getElementById("kind");
  const found = document.getElementById("found");
  const words = (row) => Array.from(row.cells, (cell) => cell.textContent).join(" ").toLowerCase();
  const parts = Array.from(table.tBodies, (body) => ({
    body,
    rows: Array.from(body.rows).slice(1).map((row) => ({ row, words: words(row) })),
  }));
  const total = parts.reduce((sum, part) => sum + part.rows.length, 0);

  function wanted(body) {
    if (kind.value === "") return true;
    return kind.value === "person" ? "person" in body.dataset : body.dataset.outcome === kind.value;
  }

  function filter() {
    const asked = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const part of parts) {
      const open = wanted(part.body);
      let shown = 0;
      if (open) {
        for (const entry of part.rows) {
          const fits = asked.every((word) => entry.words.includes(word));
          entry.row.hidden = !fits;
          if (fits) shown += 1;
        }
      }
      part.body.hidden = shown === 0;
      count += shown;
    }
    found.textContent = count.toLocaleString("en") + " of " + total.toLocaleString("en") + " rows shown";
  }

  let timer = 0;
  text.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(filter, 120); });
  kind.addEventListener("change", filter);
  // For print, and for whoever saves the page, everything that is filtered away stays away; nothing is removed.
  document.getElementById("filter").hidden = false;
  filter();
})();
