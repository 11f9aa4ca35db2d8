/** What is taken over from a teacher of one image: its softmax, the same permuted, and the image's weight. */

import { GREY, argmax, chart, colour, explorer, fixed, paint, panels, part, percent, range, softmax, sum, topk } from "./kit.js";

/** p with the largest where it is, and the others, counted from the left, read in another order. */
function permuted(p, order) {
  const top = argmax(p);
  const others = range(p.length).filter((k) => k !== top);
  const moved = [...p];
  others.forEach((k, i) => { moved[k] = p[others[order[i]]]; });
  return moved;
}

export function compute({ image, draw_number }, { logits, labels, classes, orders }) {
  const all = labels.map((_, i) => softmax(part(logits, i).values));
  const surest = all.map((p) => Math.max(...p));
  const weights = surest.map((value) => value / sum(surest));
  const p = all[image], moved = permuted(p, orders[draw_number]);
  const [[top, second], [, third]] = [topk(p, 2), topk(moved, 2)];
  const sentence =
    `The teacher says <b>${classes[top]}</b> (${percent(p[top])}), then ${classes[second]}; permuted ` +
    `<b>${classes[third]}</b>. Its label says ${classes[labels[image]]} (blue). Weight ` +
    `<b>${fixed(weights[image], 3)}</b>, where all alike would have ${fixed(1 / weights.length, 3)}.`;
  return { numbers: { p, moved, weights }, sentence };
}

export default explorer(compute, (picture, { images, labels, classes }) => {
  const [one, two, three, four] = panels(picture, 0.8, 1.3, 1.3, 1);
  const K = classes.length, N = labels.length;
  const shown = chart(one, { x: [0, 1], y: [0, 1], width: 150, height: 150, bare: true });
  const softmaxes = [[two, "BAN: as it is"], [three, "DKPP: permuted"]].map(([el, title]) =>
    chart(el, { x: [-0.6, K - 0.4], y: [0, 1.05], width: 225, height: 190, title, xlabel: "class", xticks: classes.map((name, k) => [k, name.slice(0, 2)]), yticks: [0, 0.5, 1] }));
  const shares = chart(four, { x: [-0.6, N - 0.4], y: [0, 2 / N], width: 185, height: 190, title: "CWTM", xlabel: "image of the batch", left: 44, xticks: [] });
  return ({ p, moved, weights }, { image }) => {
    const pixels = part(images, image);
    shown.clear();
    shown.image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    [p, moved].forEach((values, i) => {
      softmaxes[i].clear();
      softmaxes[i].bars(range(K), values, { colours: range(K).map((k) => (k === labels[image] ? colour.blue : colour.muted)) });
    });
    shares.clear();
    shares.bars(range(N), weights, { colours: range(N).map((i) => (i === image ? colour.orange : colour.muted)) });
    shares.line([-0.6, N - 0.4], [1 / N, 1 / N], { dash: "2 3", width: 1.2 });
  };
});
