// Tables sort by a click on a column's name and filter by words; what was not run is folded away until it is asked for.
"use strict";
for (const part of document.querySelectorAll(".sortable")) {
  const body = part.querySelector("tbody");
  const search = part.querySelector("input[type=search]");
  const unfold = part.querySelector(".unfold");
  const count = part.querySelector(".count");
  const rows = [...body.rows];
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const columns = [...part.querySelectorAll("thead th")].map((heading) => heading.textContent.toLowerCase());
  // differs is anywhere in the row, verdict:differs in the column of that name, "table 1" in one piece.
  const has = (row, word) => {
    const column = columns.indexOf(word.split(":")[0]);
    if (column < 0 || !word.includes(":")) return words.get(row).includes(word);
    return row.cells[column].textContent.toLowerCase().includes(word.slice(word.indexOf(":") + 1));
  };

  const filter = () => {
    const asked = (search.value.toLowerCase().match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
    let shown = 0;
    for (const row of rows) {
      const folded = unfold && !unfold.checked && row.classList.contains("not-run");
      row.hidden = folded || !asked.every((word) => has(row, word));
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length} rows`;
  };

  // "99.98 ± 0.01", "1,209,866": numbers in order; what is none of them after all that are.
  const value = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = text.replace(/(\d),(?=\d{3})/g, "$1").match(/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?/i);
    return number ? [0, Number(number[0]), text] : [text === "-" || text === "" ? 2 : 1, 0, text];
  };
  const compare = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2].localeCompare(b[2]);

  part.querySelectorAll("thead button").forEach((button) => {
    const heading = button.closest("th");
    button.addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending";
      part.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const column = heading.cellIndex;
      const sorted = [...rows].sort((a, b) => compare(value(a, column), value(b, column)));
      body.append(...(falling ? sorted.reverse() : sorted));
    });
  });
  if (!search) continue; // a short table is read as it is
  search.addEventListener("input", filter);
  unfold?.addEventListener("change", filter);
  part.ask = (text) => {
    search.value = text;
    if (unfold) unfold.checked = text.includes("not run");
    filter();
  };
  filter();
}
