
// Values under the pointer or finger, in the chart's caption.
document.addEventListener("pointerover", (event) => {
  const figure = event.target.closest("figure");
  const group = event.target.closest("svg g, svg rect.hit, svg .mark, svg line");
  const title = group && group.querySelector("title");
  if (figure && title) figure.querySelector(".readout").textContent = title.textContent;
});

// Sorting: numbers and times by data-k, words by what is shown; what has no value stays last.
const table = document.getElementById("trade-table");
if (table) table.tHead.addEventListener("click", (event) => {
  const head = event.target.closest("th");
  if (!head) return;
  const up = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = (row) => row.cells[head.cellIndex].dataset.k ?? row.cells[head.cellIndex].textContent.trim();
  const none = (text) => text === "" || text === "None";
  const rows = [...table.tBodies[0].rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (none(x) || none(y)) return none(x) - none(y);
    const order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
    return up ? order : -order;
  });
  table.tBodies[0].append(...rows);
});

// On paper everything that explains a figure is open; the trades' own parts stay as they are.
addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details.chart, details.print, .card details")) one.open = true;
});
