/** A curve that is fitted to noisy labels, then to what it said itself, and so on; what is left of each coefficient. */

import { chart, colour, explorer, fixed, general, legend, linspace, mean, panels, range, sum } from "./kit.js";

const GRID = linspace(0, 1, 201), SHOWN = 8;

/** Green's function of the fourth derivative: the shape of a thin rod, held at both ends and pushed at one place. */
function kernel(x, y) {
  const [near, far] = [Math.min(x, y), Math.max(x, y)];
  return (near * (1 - far) * (1 - near ** 2 - (1 - far) ** 2)) / 6;
}

const shrinkage = (d, c, rounds) => d.map((value) => (value / (value + c)) ** rounds);

export function compute({ rounds, log_c }, { x, y, truth, eigenvalues, eigenvectors }) {
  const c = 10 ** log_c, N = x.shape[0], d = Array.from(eigenvalues.values), V = eigenvectors.values;
  // What was said before this round, in the basis of eigenvectors, and from there the weights of its curve.
  const kept = shrinkage(d.map((value) => Math.max(value, 0)), c, rounds - 1);
  const inside = d.map((value, k) => (kept[k] * sum(range(N).map((i) => V[i * N + k] * y.values[i]))) / (value + c));
  const weights = range(N).map((i) => sum(d.map((_, k) => V[i * N + k] * inside[k])));
  const drawn = GRID.map((at) => sum(weights.map((weight, i) => weight * kernel(at, x.values[i]))));
  const largest = d.slice(-SHOWN).reverse();
  const left = shrinkage(largest, c, rounds);
  const error = Math.sqrt(mean(drawn.map((value, i) => (value - truth.values[i]) ** 2)));
  const sentence =
    `Round ${rounds}, c = ${general(c, 2)}: the curve is off the truth by <b>${fixed(error, 3)}</b> (root of the mean square). ` +
    `Of the coefficients <b>${left.filter((value) => value > 0.5).length}</b> still have more than half of their size.`;
  return { numbers: { drawn, left, first: shrinkage(largest, c, 1), error }, sentence };
}

export default explorer(compute, (picture, { x, y, truth }) => {
  const [one, two] = panels(picture, 1.5, 1);
  const reach = 1.15 * Math.max(...y.values.map(Math.abs));
  const curve = chart(one, { x: [0, 1], y: [-reach, reach], width: 400, height: 250, xlabel: "x", ylabel: "y" });
  legend(one, [["truth", colour.muted, "7 3"], ["labels (dots)", colour.vermilion, "1 5"], ["curve of this round", colour.blue]]);
  const bars = chart(two, { x: [0.4, SHOWN + 0.6], y: [0, 1.05], width: 290, height: 250, xlabel: "eigenvector, largest first", ylabel: "left of its coefficient", xticks: range(SHOWN).map((k) => k + 1), yticks: [0, 0.5, 1] });
  legend(two, [["after this round", colour.blue], ["after the first", colour.ink]]);
  return ({ drawn, left, first }) => {
    curve.clear();
    curve.line(GRID, truth.values, { color: colour.muted, dash: "7 3" });
    x.values.forEach((at, i) => curve.dot(at, y.values[i], { r: 3.5 }));
    curve.line(GRID, drawn, { color: colour.blue, width: 2.5 });
    bars.clear();
    bars.bars(range(SHOWN).map((k) => k + 1), left, { opacity: 0.75 });
    first.forEach((value, k) => bars.line([k + 0.65, k + 1.35], [value, value], {}));
  };
});
