/** A net's probabilities for one image; the images come in the order of how little the net is sure of them. */

import { GREY, chart, colour, entropy, explorer, fixed, paint, panels, part, topk } from "./kit.js";

export function compute({ rank }, { probabilities, labels, classes, called }) {
  const p = Array.from(part(probabilities, rank - 1).values);
  const [said, H] = [topk(p, 1)[0], entropy(p)];
  const verdict = said === labels[rank - 1] ? "right" : "wrong";
  const sentence =
    `Image ${rank} in the order of doubt: ${called[labels[rank - 1]]} (blue bar). The teacher says ` +
    `${classes[said]}, which is ${verdict}; entropy ${fixed(H, 2)} nats.`;
  return { numbers: { p, entropy: H }, sentence };
}

export default explorer(compute, (picture, { images, labels, classes }) => {
  const [left, right] = panels(picture, 1, 2.4);
  const K = classes.length;
  const image = chart(left, { x: [0, 1], y: [0, 1], width: 160, height: 160, bare: true });
  const bars = chart(right, {
    x: [-0.6, K - 0.4], y: [0, 1], width: 380, height: 210, xlabel: "class", ylabel: "probability",
    xticks: classes.map((name, k) => [k, name]), yticks: [0, 0.25, 0.5, 0.75, 1],
  });
  return ({ p }, { rank }) => {
    const [pixels, label, said] = [part(images, rank - 1), labels[rank - 1], topk(p, 1)[0]];
    const fill = (k) => (k === label ? colour.blue : k === said ? colour.orange : colour.ink);
    image.clear();
    image.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    bars.clear();
    bars.bars(p.map((_, k) => k), p, { colours: p.map((_, k) => fill(k)), width: 0.7 });
  };
});
