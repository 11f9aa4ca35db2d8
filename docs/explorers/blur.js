/** The best answer, in squared error, of somebody who cannot tell several images apart: their mean, which is blurred. */

import { DIVERGING, GREY, chart, colour, commas, explorer, fixed, mean, paint, panels, range, sum } from "./kit.js";

const SIDE = 16, TOP = 35000, STEEP = 500; // pixels; of the bars; of the Laplacian's colours

/** What is added at each inner pixel: its four neighbours less four times itself, in units of 0…255. */
function laplacian(pixels) {
  const inner = SIDE - 2;
  return range(inner ** 2).map((i) => {
    const at = (Math.floor(i / inner) + 1) * SIDE + (i % inner) + 1;
    const around = pixels[at - SIDE] + pixels[at + SIDE] + pixels[at - 1] + pixels[at + 1];
    return 127.5 * (around - 4 * pixels[at]);
  });
}

const variance = (values) => mean(values.map((value) => value ** 2)) - mean(values) ** 2;

export function compute({ count, digit }, { images }) {
  const found = images[digit].shape[0];
  const chosen = range(Math.min(count, found)).map((n) => Array.from(images[digit].values.subarray(n * SIDE ** 2, (n + 1) * SIDE ** 2), (byte) => byte / 127.5 - 1));
  const middle = range(SIDE ** 2).map((i) => mean(chosen.map((pixels) => pixels[i])));
  const edges = laplacian(middle);
  const sharpness = [mean(chosen.map((pixels) => variance(laplacian(pixels)))), variance(edges)];
  const error = sum(chosen.map((pixels) => mean(pixels.map((value, i) => (value - middle[i]) ** 2)))) / chosen.length;
  const sentence =
    `The mean of ${chosen.length} has sharpness <b>${commas(fixed(sharpness[1]))}</b>, the images themselves ` +
    `${commas(fixed(sharpness[0]))} on average. Its squared error to them is ${fixed(error, 2)}.`;
  return { numbers: { mean: middle, edges: edges.map((value) => value / STEEP), sharpness, error }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, middle, right] = panels(picture, 1, 1, 1.2);
  const square = (title) => ({ x: [0, 1], y: [0, 1], width: 190, height: 212, bare: true, title });
  const blurred = chart(left, square("mean"));
  const edges = chart(middle, square("Laplacian"));
  const bars = chart(right, { x: [-0.6, 1.6], y: [0, TOP], width: 240, height: 212, ylabel: "sharpness", left: 56, xticks: [[0, "one image"], [1, "the mean"]], yticks: [0, 10000, 20000, 30000] });
  return (numbers) => {
    blurred.clear();
    blurred.image(paint(numbers.mean, [SIDE, SIDE], GREY, { low: -1, high: 1 }));
    edges.clear();
    edges.image(paint(numbers.edges, [SIDE - 2, SIDE - 2], DIVERGING, { low: -1 }));
    bars.clear();
    bars.bars([0, 1], numbers.sharpness, { colours: [colour.muted, colour.blue], width: 0.6 });
  };
});
