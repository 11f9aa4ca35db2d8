/** One coin with a policy's logits: how often it says "distil", and what the temperature does to its gradient. */

import { chart, colour, commas, explorer, fixed, linspace, mean, panels, sigmoid } from "./kit.js";

const BINS = 20;
const f = Math.fround; // as Python's single precision, so that every draw falls on the same side

export function compute({ logit, tau }, { noise }) {
  const noisy = Array.from(noise.values, (value) => f(logit + value));
  const soft = noisy.map((value) => f(sigmoid(f(value / f(tau)))));
  const rate = noisy.filter((value) => value >= 0).length / noisy.length;
  const probability = sigmoid(logit);
  const gradient = mean(soft.map((p) => (p * (1 - p)) / tau));
  const histogram = Array(BINS).fill(0);
  for (const p of soft) histogram[Math.min(Math.floor(p * BINS), BINS - 1)] += 1 / soft.length;
  const sentence =
    `${commas(noisy.length)} draws: <b>${fixed(f(rate), 3)}</b> say distil, softmax says <b>${fixed(f(probability), 3)}</b>. ` +
    `Mean gradient of the soft decision: <b>${fixed(gradient, 4)}</b>.`;
  return { numbers: { rate, probability, gradient, histogram }, sentence };
}

export default explorer(compute, (picture) => {
  const [left, right] = panels(picture, 1, 1.7);
  const bars = chart(left, { x: [-0.6, 1.6], y: [0, 1.12], width: 260, height: 240, ylabel: "probability of “distil”", xticks: [[0, "hard draws"], [1, "softmax"]], yticks: [0, 0.5, 1] });
  const draws = chart(right, { x: [0, 1], y: [0, 1], width: 400, height: 240, xlabel: "soft decision", ylabel: "share of the draws", yticks: [0, 0.5, 1] });
  const middles = linspace(0.5 / BINS, 1 - 0.5 / BINS, BINS);
  return ({ rate, probability, histogram }) => {
    bars.clear();
    bars.bars([0, 1], [rate, probability], { width: 0.55, colours: [colour.blue, colour.green] });
    [rate, probability].forEach((value, i) => bars.text(i, value, fixed(value, 3), { dy: -4 }));
    draws.clear();
    draws.bars(middles, histogram, { width: 1 / BINS, opacity: 0.75 });
    draws.line([0.5, 0.5], [0, 1], { dash: "2 3", width: 1.2, color: colour.muted });
  };
});
