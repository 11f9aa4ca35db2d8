/** A stored study: the host's weight and τ chosen, test accuracies of "always" and "adaptive", and the policy's rates. */

import { chart, colour, explorer, fixed, general, panels, signed } from "./kit.js";

const RATE = "probability_";

export function compute({ beta, tau }, { rows }) {
  const always = rows.find((row) => row.strategy === "always" && row.beta === beta);
  const adaptive = rows.find((row) => row.strategy === "adaptive" && row.beta === beta && row.tau === tau);
  const accuracies = [100 * always.test, 100 * adaptive.test];
  const rates = Object.keys(adaptive).filter((name) => name.startsWith(RATE)).map((name) => adaptive[name]);
  const gap = signed(accuracies[1] - accuracies[0], 1);
  return { numbers: { accuracies, rates }, sentence: `β = ${general(beta)}, τ = ${general(tau)}: adaptive <b>${gap}</b> points from always.` };
}

export default explorer(compute, (picture, { rows }) => {
  const spots = Object.keys(rows.find((row) => row.strategy === "adaptive")).filter((name) => name.startsWith(RATE));
  const [left, right] = panels(picture, 1, 1.5);
  const who = chart(left, { x: [-0.6, 1.6], y: [0, 112], width: 260, height: 240, ylabel: "test accuracy, %", xticks: [[0, "always"], [1, "adaptive"]], yticks: [0, 25, 50, 75, 100] });
  const where = chart(right, { x: [-0.6, spots.length - 0.4], y: [0, 1.12], width: 390, height: 240, ylabel: "probability of “distil”", xticks: spots.map((name, i) => [i, name.slice(RATE.length)]), yticks: [0, 0.5, 1] });
  return ({ accuracies, rates }) => {
    who.clear();
    who.bars([0, 1], accuracies, { width: 0.55, colours: [colour.vermilion, colour.blue] });
    accuracies.forEach((value, i) => who.text(i, value, fixed(value, 1), { dy: -4 }));
    where.clear();
    where.bars(rates.map((_, i) => i), rates, { width: 0.55, opacity: 0.75 });
    rates.forEach((value, i) => where.text(i, value, fixed(value, 2), { dy: -4 }));
  };
});
