const sections = [...document.querySelectorAll("section")];
const turns = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
let at = 0;
function show(next) {
  at = Math.min(Math.max(next, 0), sections.length - 1);
  sections[at].scrollIntoView();
  document.getElementById("place").textContent = `${at + 1} / ${sections.length}`;
}
addEventListener("keydown", (event) => {
  if (event.key in turns && !event.target.closest("summary, a")) {
    event.preventDefault();
    show(at + turns[event.key]);
  }
});
show(0);
