/** An image, and the nearest others in several embeddings, a row each; a frame tells right classes from wrong ones. */

import { GREY, chart, colour, explorer, paint, part, range } from "./kit.js";

export function compute({ query }, { labels, queries, nearest }) {
  const label = labels[queries[query]];
  const found = Object.entries(nearest).map(([name, rows]) => [name, rows[query]]);
  const right = found.map(([, rows]) => rows.filter((row) => labels[row] === label).length);
  const words = found.map(([name], i) => `${name} ${right[i]}`).join(", ");
  const sentence = `Of ${found[0][1].length} neighbours of this ${label}, the right class has: ${words}.`;
  return { numbers: { right, found: found.flatMap(([, rows]) => rows) }, sentence };
}

export default explorer(compute, (picture, { images, labels, queries, nearest }) => {
  const names = Object.keys(nearest), columns = nearest[names[0]][0].length + 1, rows = names.length;
  const grid = chart(picture, { x: [-1.6, columns], y: [0, rows], width: 45 * (columns + 1.6), height: 45 * rows, bare: true });
  const place = (row, column, image, edge) => {
    const pixels = part(images, image);
    const [x, y] = [[column + 0.06, column + 0.94], [rows - row - 0.94, rows - row - 0.06]];
    grid.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }), { across: x, up: y });
    if (edge) grid.rect(...x, ...y, { fill: "none", color: edge, width: 3 });
  };
  return ({ found }, { query }) => {
    const asked = queries[query];
    grid.clear();
    names.forEach((name, row) => {
      grid.text(-0.1, rows - row - 0.5, name, { anchor: "end", dy: 4, size: 13 });
      place(row, 0, asked);
      for (const column of range(columns - 1)) {
        const image = found[row * (columns - 1) + column];
        place(row, column + 1, image, labels[image] === labels[asked] ? colour.green : colour.vermilion);
      }
    });
  };
});
