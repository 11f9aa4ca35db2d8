/** What a net with peers minimises over its own logit of two: the mean of the KLs, and the KL from two kinds of mean. */

import { argmax, chart, colour, divergence, explorer, fixed, legend, logSoftmax, logSumExp, mean, range } from "./kit.js";

const NAMES = ["mean of the KLs", "KL from mean probabilities", "KL from mean logits"];
const LOOKS = [{ color: colour.blue }, { color: colour.green, dash: "7 3" }, { color: colour.vermilion, dash: "8 3 2 3" }];

const two = (z) => logSoftmax([z, 0]);

export function compute({ nets, spread }, { z }) {
  const count = nets - 1;
  const peers = range(count).map((i) => -1 + (count > 1 ? (spread * i) / (count - 1) : 0));
  const logQ = peers.map(two);
  const together = [0, 1].map((k) => logSumExp(logQ.map((log) => log[k])) - Math.log(count));
  const own = Array.from(z.values, two);
  const curves = [logQ, [together], [two(mean(peers))]].map((voices) => own.map((log) => mean(voices.map((voice) => divergence(voice, log)))));
  const lowest = curves.map((curve) => z.values[argmax(curve.map((value) => -value))]);
  const gap = mean(curves[0].map((value, i) => value - curves[1][i]));
  const [each, mixed, logits] = lowest.map((value) => `<b>${fixed(value, 1)}</b>`);
  const sentence =
    `Peers: ${count}. The mean of the KLs is lowest at ${each}, the KL from the mean at ${mixed}; they are ` +
    `<b>${fixed(Math.abs(gap), 3)}</b> nats apart everywhere. From the mean of the logits it is lowest at ${logits}.`;
  return { numbers: { curves: curves.flat(), lowest, peers, gap }, sentence };
}

export default explorer(compute, (picture, { z }) => {
  const plot = chart(picture, { x: [-5, 5], y: [-0.1, 3.2], width: 400, height: 240, xlabel: "the net's logit of the first class", ylabel: "nats", yticks: [0, 1, 2, 3] });
  legend(picture, [...NAMES.map((name, i) => [name, LOOKS[i].color, LOOKS[i].dash]), ["a stroke at 0: a peer", colour.ink]]);
  const n = z.shape[0];
  return ({ curves, lowest, peers }) => {
    plot.clear();
    LOOKS.forEach((look, i) => {
      const curve = curves.slice(i * n, (i + 1) * n);
      plot.line(z.values, curve, look);
      plot.dot(lowest[i], Math.min(...curve), { color: look.color });
    });
    for (const peer of peers) plot.line([peer, peer], [-0.1, 0.15], {});
  };
});
