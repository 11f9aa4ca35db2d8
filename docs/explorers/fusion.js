/** Two heads and a share of each: the accuracy of the mean over the share, and one image's answers. */

import { argmax, chart, colour, explorer, legend, linspace, logSoftmax, panels, part, percent, range } from "./kit.js";

const SHARES = linspace(0, 1, 21), KINDS = ["probabilities", "logits"];
const NAMES = ["class head", "mean", "distillation head"], COLOURS = [colour.vermilion, colour.muted, colour.blue];

/** Of every image what both heads say, as logits and as logarithms of probabilities; computed once. */
const said = new WeakMap();
function heads(data) {
  if (!said.has(data)) {
    const logits = [data.z_class, data.z_distillation].map((z) => data.labels.map((_, n) => Array.from(part(z, n).values)));
    said.set(data, { logits, probabilities: logits.map((rows) => rows.map((row) => logSoftmax(row))), curves: {} });
  }
  return said.get(data);
}

/** What stands for both heads: it is the largest where the mean is, of probabilities or of logits. */
function fused(a, b, share, of) {
  if (of === "logits") return a.map((z, k) => (1 - share) * z + share * b[k]);
  return a.map((log, k) => Math.log((1 - share) * Math.exp(log) + share * Math.exp(b[k])));
}

function accuracy(share, of, data) {
  const [a, b] = heads(data)[of];
  return data.labels.filter((label, n) => argmax(fused(a[n], b[n], share, of)) === label).length / data.labels.length;
}

const curve = (of, data) => (heads(data).curves[of] ??= SHARES.map((share) => accuracy(share, of, data)));

export function compute({ share, of, image }, data) {
  const { classes, labels } = data, both = heads(data);
  const right = accuracy(share, of, data);
  const [one, other] = both.logits.map((rows) => rows[image]);
  const mean = fused(...both[of].map((rows) => rows[image]), share, of);
  const answers = [one, mean, other].map((z) => logSoftmax(z).map(Math.exp));
  const names = answers.map((p) => classes[argmax(p)]);
  const sentence =
    `Accuracy <b>${percent(Math.fround(right), 1)}</b>. This image is ${classes[labels[image]]}: the class head says ${names[0]}, the distillation ` +
    `head ${names[2]}, their mean <b>${names[1]}</b>.`;
  return { numbers: { accuracy: right, curve: curve(of, data), answers: answers.flat() }, sentence };
}

export default explorer(compute, (picture, data) => {
  const [left, right] = panels(picture, 1, 1.2);
  const K = data.classes.length, all = KINDS.flatMap((of) => curve(of, data)).map((value) => 100 * value);
  const [low, high] = [Math.min(...all), Math.max(...all)], pad = Math.max(0.2, 0.1 * (high - low));
  const accuracies = chart(left, { x: [0, 1], y: [low - pad, high + pad], width: 330, height: 240, xlabel: "share of the distillation head", ylabel: "accuracy, %", left: 52 });
  const bars = chart(right, { x: [-0.6, K - 0.4], y: [0, 1.05], width: 400, height: 240, ylabel: "probability", xticks: data.classes.map((name, k) => [k, name]), yticks: [0, 0.5, 1] });
  legend(right, NAMES.map((name, i) => [name, COLOURS[i]]));
  return ({ accuracy: here, curve: heights, answers }, { share }) => {
    accuracies.clear();
    accuracies.line(SHARES, heights.map((value) => 100 * value), { color: colour.blue });
    accuracies.dot(share, 100 * here, { r: 6 });
    bars.clear();
    COLOURS.forEach((colours, i) => bars.bars(range(K).map((k) => k + 0.27 * (i - 1)), answers.slice(i * K, (i + 1) * K), { width: 0.25, colours }));
  };
});
