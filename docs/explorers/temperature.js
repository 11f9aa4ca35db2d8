/** The temperature: an image, the teacher's probabilities of its classes, and their entropy. */

import { GREY, chart, colour, entropy, explorer, fixed, general, paint, panels, part, percent, softmax, topk } from "./kit.js";

const share = (value) => (value >= 0.095 ? percent(value) : value >= 0.0005 ? percent(value, 1) : "0%");

export function compute({ digit, T }, { logits, labels, classes }) {
  const p = softmax(part(logits, digit).values, T);
  const [first, second] = topk(p, 2);
  const H = entropy(p);
  const sentence =
    `T = ${general(T, 3)}: first choice <b>${classes[first]}</b> with ${share(p[first])}, then ` +
    `<b>${classes[second]}</b> with ${share(p[second])}. Entropy <b>${fixed(H, 2)}</b> ` +
    `nats, between 0 (certain) and ${fixed(Math.log(p.length), 2)} (all equal). The label is ` +
    `${classes[labels[digit]]} (blue bar).`;
  return { numbers: { p, entropy: H }, sentence };
}

export default explorer(compute, (picture, { images, labels, classes }) => {
  const [left, right] = panels(picture, 1, 2.1);
  const K = classes.length;
  const image = chart(left, { x: [0, 1], y: [0, 1], width: 170, height: 170, bare: true });
  const bars = chart(right, {
    x: [-0.6, K - 0.4], y: [0, 1.08], width: 400, height: 240, xlabel: "class", ylabel: "probability",
    xticks: classes.map((name, k) => [k, name]), yticks: [0, 0.25, 0.5, 0.75, 1],
  });
  return ({ p }, { digit }) => {
    const pixels = part(images, digit);
    image.clear();
    image.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    const first = topk(p, 1)[0];
    const fill = (k) => (k === labels[digit] ? colour.blue : k === first ? colour.orange : colour.muted);
    bars.clear();
    bars.bars(p.map((_, k) => k), p, { colours: p.map((_, k) => fill(k)) });
    bars.line([-0.6, K - 0.4], [1 / K, 1 / K], { dash: "2 3", width: 1.2, color: colour.muted });
    p.forEach((value, k) => bars.text(k, value, share(value), { size: 12, dy: -3 }));
  };
});
