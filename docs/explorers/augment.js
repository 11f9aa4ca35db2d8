/** One training image and five random shifts of it: what augmentation does before the student sees a batch. */

import { GREY, chart, explorer, paint, panels, part } from "./kit.js";

/** The image moved down and to the right; what comes in from outside is black. */
function shifted({ values, shape: [rows, columns] }, [down, right]) {
  return Array.from({ length: rows * columns }, (_, i) => {
    const [y, x] = [Math.floor(i / columns) - down, (i % columns) - right];
    return y >= 0 && y < rows && x >= 0 && x < columns ? values[y * columns + x] : 0;
  });
}

export function compute({ digit, pad }, { images, shifts }) {
  const image = part(images, digit);
  const places = (2 * pad + 1) ** 2;
  const sentence = `Shifts of up to ${pad} pixels: ${places} possible place${places > 1 ? "s" : ""} for every image.`;
  return { numbers: { pixels: [[0, 0], ...shifts[pad]].flatMap((by) => shifted(image, by)) }, sentence };
}

export default explorer(compute, (picture, { images, shifts }) => {
  const [, rows, columns] = images.shape;
  const charts = panels(picture, ...Array(1 + shifts[0].length).fill(0.6)).map((panel, i) =>
    chart(panel, { x: [0, 1], y: [0, 1], width: 110, height: 130, bare: true, title: i ? `shift ${i}` : "stored" }),
  );
  return ({ pixels }) => {
    charts.forEach((one, i) => {
      const image = pixels.slice(i * rows * columns, (i + 1) * rows * columns);
      one.clear();
      one.image(paint(image, [rows, columns], GREY, { high: 255 }));
    });
  };
});
