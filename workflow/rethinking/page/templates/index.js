// A number of the scoreboard leads to its rows; what is folded away is printed.
for (const link of document.querySelectorAll("a[data-ask]")) {
  link.addEventListener("click", () => document.querySelector(link.getAttribute("href")).ask?.(link.dataset.ask));
}
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")].filter((part) => !part.closest("td"));
  for (const part of folded) part.open = true;
});
window.addEventListener("afterprint", () => {
  for (const part of folded) part.open = false;
});
