/** A multiplication table of feature maps: each cell is a product of two maps, its mean a number of the FSP matrix. */

import { GREYS, chart, colour, explorer, fixed, paint, panels, sum } from "./kit.js";

const SIDE = 4; // of a map
const CELLS = SIDE * SIDE;
const [FIRST, SECOND] = [["moving bar", "row 2"], ["column 2", "corner", "everywhere"]];
const SHUFFLES = {
  nothing: [],
  "positions, both layers alike": ["first", "second"],
  "positions, first layer only": ["first"],
  "channels, first layer": ["channels"],
};
const f = Math.fround; // Python computes in single precision

/** Two small layers, as lists of channels of 16 values. */
function toys(column, strength) {
  const map = (value) => Array.from({ length: CELLS }, (_, i) => value(Math.floor(i / SIDE), i % SIDE));
  return {
    first: [map((_, x) => (x === column - 1 ? f(strength) : 0)), map((y) => Number(y === 1))],
    second: [map((_, x) => Number(x === 1)), map((y, x) => Number(y >= 2 && x >= 2)), map(() => 0.5)],
  };
}

/** G_ij = Σ_xy a_ixy · b_jxy / 16 */
export function compute({ column, strength, shuffle }, { positions, channels }) {
  let { first, second } = toys(column, strength);
  const moved = (layer) => layer.map((map) => positions.map((from) => map[from]));
  const what = SHUFFLES[shuffle];
  if (what.includes("first")) first = moved(first);
  if (what.includes("second")) second = moved(second);
  if (what.includes("channels")) first = channels.map((from) => first[from]);
  const products = first.map((a) => second.map((b) => a.map((value, i) => f(value * b[i]))));
  const flow = products.map((row) => row.map((product) => f(sum(product) / CELLS)));
  const rows = flow.map((row) => `(${row.map((value) => fixed(value, 3)).join(", ")})`).join(", ");
  const sentence =
    `The bar stands in column ${column} with strength ${fixed(strength, 1)}: the rows of the matrix are ${rows}.`;
  return { numbers: { flow: flow.flat(), first: first.flat(), second: second.flat(), products: products.flat(2) }, sentence };
}

/** The upper left pixel of a map of the table; between maps there is room for a number. */
const place = (row, column) => [row * (SIDE + 2), column * (SIDE + 1)];

export default explorer(compute, (picture) => {
  const [panel] = panels(picture, 1);
  const table = chart(panel, { x: [-1.2, 19.4], y: [17.6, -1.8], width: 400, height: 376, bare: true });
  const put = (values, row, column, frame) => {
    const [y, x] = place(row, column);
    const href = paint(values, [SIDE, SIDE], GREYS, { high: 2 });
    table.image(href, { across: [x - 0.5, x + SIDE - 0.5], up: [y + SIDE - 0.5, y - 0.5] });
    table.rect(x - 0.6, x + SIDE - 0.4, y - 0.6, y + SIDE - 0.4, { fill: "none", color: frame, width: 1.5 });
  };
  const map = (values, i) => values.slice(i * CELLS, (i + 1) * CELLS);
  return ({ flow, first, second, products }) => {
    table.clear();
    table.text(3.4, 0.9, "layer 2 →", { anchor: "end", size: 13 });
    table.text(3.4, 3.2, "layer 1 ↓", { anchor: "end", size: 13 });
    FIRST.forEach((name, i) => {
      put(map(first, i), i + 1, 0, colour.blue);
      table.text(1.5, place(i + 1, 0)[0] - 0.9, name);
    });
    SECOND.forEach((name, j) => {
      put(map(second, j), 0, j + 1, colour.vermilion);
      table.text(place(0, j + 1)[1] + 1.5, -0.9, name);
    });
    flow.forEach((value, n) => {
      const [i, j] = [Math.floor(n / SECOND.length), n % SECOND.length];
      const [y, x] = place(i + 1, j + 1);
      put(map(products, n), i + 1, j + 1, colour.muted);
      table.text(x + 1.5, y + SIDE + 0.55, fixed(value, 3), { size: 13 });
    });
  };
});
