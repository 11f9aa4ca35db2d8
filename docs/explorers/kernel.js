/** Two clouds of points, how far they are apart for one kernel width, and the landscape that the kernel makes of them. */

import { DIVERGING, chart, colour, explorer, fixed, legend, linspace, mean, paint, panels, range, sum } from "./kit.js";

const EDGE = 4, CELLS = 41;
const LINE = linspace(-EDGE, EDGE, CELLS);
const SIGMAS = linspace(-2, 1, 40).map((power) => 10 ** power);

const points = ({ values }, right = 0) => range(values.length / 2).map((i) => [values[2 * i] + right, values[2 * i + 1]]);
const kernel = ([a, b], [c, d], sigma) => Math.exp(-((a - c) ** 2 + (b - d) ** 2) / (2 * sigma ** 2));
const kernels = (xs, ys, sigma) => xs.map((x) => ys.map((y) => kernel(x, y, sigma)));

/** MMD² for one kernel; `pairs`: whether a point counts with itself. */
function distance(x, y, sigma, pairs) {
  const between = mean(kernels(x, y, sigma).map(mean));
  const within = [x, y].map((cloud) => {
    const k = kernels(cloud, cloud, sigma), N = cloud.length;
    return pairs ? mean(k.map(mean)) : (sum(k.map(sum)) - sum(k.map((row, i) => row[i]))) / (N * (N - 1));
  });
  return sum(within) - 2 * between;
}

export function compute({ sigma, gap, pairs }, { first, second }) {
  const [one, other, moved] = [points(first), points(second), points(second, gap)];
  const height = (cloud, place) => mean(cloud.map((point) => kernel(place, point, sigma)));
  const field = LINE.flatMap((y) => LINE.map((x) => height(one, [x, y]) - height(moved, [x, y])));
  const curve = SIGMAS.map((width) => distance(one, moved, width, pairs));
  const [here, floor] = [distance(one, moved, sigma, pairs), distance(one, other, sigma, pairs)];
  const sentence = `MMD² is <b>${fixed(here, 3)}</b>; with the clouds upon each other it would be ${fixed(floor, 3)}.`;
  return { numbers: { field, curve, here, floor }, sentence };
}

export default explorer(compute, (picture, { first, second }) => {
  const [left, right] = panels(picture, 1, 1);
  const plane = chart(left, { x: [-EDGE, EDGE], y: [-EDGE, EDGE], width: 300, height: 300, bare: true });
  legend(left, [["squares: the first cloud", colour.blue], ["triangles: the second", colour.vermilion]]);
  const curves = chart(right, { x: [0.01, 12], y: [-0.05, 1.3], log: true, width: 320, height: 300, xlabel: "kernel width σ", ylabel: "MMD²", yticks: [0, 0.5, 1] });
  return ({ field, curve, here }, { sigma, gap }) => {
    const rows = range(CELLS).reverse().flatMap((row) => field.slice(row * CELLS, (row + 1) * CELLS)); // the highest first
    plane.clear();
    plane.image(paint(rows, [CELLS, CELLS], DIVERGING, { low: -0.6, high: 0.6 }));
    for (const [x, y] of points(first)) plane.dot(x, y, { shape: "square", color: colour.blue, r: 3.5, edge: "#fff" });
    for (const [x, y] of points(second, gap)) plane.dot(x, y, { shape: "triangle", r: 4, edge: "#fff" });
    curves.clear();
    curves.line(SIGMAS, curve, { color: colour.green });
    curves.dot(sigma, here, { color: colour.green, r: 6 });
  };
});
