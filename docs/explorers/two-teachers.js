/** Two teachers' logits for one image: scores side by side, and each one's own softmax. Whose largest number wins? */

import { argmax, chart, colour, explorer, panels, range, softmax } from "./kit.js";

const GAPS = [1.5, 0.08]; // of the mark above its bar

export function compute({ scale, shift }, { low, high }) {
  const moved = high.map((z) => scale * z + shift);
  const rows = [[...low, ...moved], [...softmax(low), ...softmax(moved)]];
  const winners = rows.map(argmax);
  const who = winners.map((k) => (k < low.length ? 1 : 2));
  const sentence =
    `By scores class <b>${winners[0]}</b> wins (teacher ${who[0]}), ` +
    `by the larger softmax class <b>${winners[1]}</b> (teacher ${who[1]}).`;
  return { numbers: { scores: rows[0], probabilities: rows[1], winners }, sentence };
}

export default explorer(compute, (picture, { low, high }) => {
  const K = low.length + high.length;
  const above = (options) => chart(picture, { x: [-0.6, K - 0.4], width: 380, height: 160, xticks: range(K), ...options });
  const charts = [
    above({ y: [-14, 16], ylabel: "logits" }),
    above({ y: [0, 1.15], ylabel: "each softmax", height: 180, xlabel: "class: teacher 1 knows the first half", yticks: [0, 0.5, 1] }),
  ];
  const colours = range(K).map((k) => (k < low.length ? colour.blue : colour.vermilion));
  return ({ scores, probabilities, winners }) => {
    [scores, probabilities].forEach((row, i) => {
      charts[i].clear();
      charts[i].bars(range(K), row, { colours });
      charts[i].line([-0.6, K - 0.4], [0, 0], { width: 1, color: colour.muted });
      charts[i].line([low.length - 0.5, low.length - 0.5], [-14, 16], { width: 1, color: colour.muted });
      charts[i].text(winners[i], Math.max(row[winners[i]], 0) + GAPS[i], "▼", { color: colour.green, size: 14, dy: 4 });
    });
  };
});
