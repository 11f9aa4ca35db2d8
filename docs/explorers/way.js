/** One image's way through the routing network after each epoch: which segments were the teacher's. */

import { GREY, chart, colour, explorer, fixed, paint, panels, part, softmax } from "./kit.js";

const [UP, DOWN, WIDE, HIGH] = [1, 0, 0.32, 0.2];

export function compute({ sample, epoch }, { logits, noise, places, facts }) {
  const [said, drawn] = [part(logits, epoch - 1, sample).values, part(noise, sample).values];
  const decisions = places.map((_, i) => Number(Math.fround(said[2 * i] + drawn[2 * i]) >= Math.fround(said[2 * i + 1] + drawn[2 * i + 1])));
  const probability = places.map((_, i) => softmax(said.subarray(2 * i, 2 * i + 2))[0]);
  const segments = places.filter((_, i) => decisions[i]).join(", ") || "none";
  const sentence = `After epoch ${epoch}, the teacher's segments: <b>${segments}</b>. ${facts[sample]}`;
  return { numbers: { decisions, probability }, sentence };
}

export default explorer(compute, (picture, { images, places }) => {
  const [left, right] = panels(picture, 1, 3.6);
  const image = chart(left, { x: [0, 1], y: [0, 1], width: 160, height: 160, bare: true });
  const net = chart(right, { x: [-1.1, places.length + 0.1], y: [-0.6, 1.55], width: 420, height: 190, bare: true });
  const high = images.values instanceof Uint8Array ? 255 : 1;
  const last = places.length - 1;
  return ({ decisions, probability }, { sample }) => {
    const pixels = part(images, sample, 0);
    image.clear();
    image.image(paint(pixels.values, pixels.shape, GREY, { high }));
    net.clear();
    for (const [name, y] of [["teacher", UP], ["student", DOWN]]) net.text(-0.42, y, name, { anchor: "end", dy: 4 });
    net.text(places.length - 0.02, 0.5, "z", { dy: 5, size: 14 });
    places.forEach((place, i) => {
      const heights = (i === last ? [0.5] : [UP, DOWN]).map((to) => [UP, DOWN].map((from) => [from, to])).flat();
      for (const [from, to] of heights.sort(([a, b]) => onTheWay(a, b, i) - 0.5)) {
        const used = onTheWay(from, to, i);
        const look = used ? { color: colour.vermilion, width: 3 } : { color: colour.faint, width: 1.5 };
        net.line([i + WIDE, i === last ? i + 0.9 : i + 1 - WIDE], [from, to], look);
      }
      net.text(i, 1.4, place);
      for (const [y, taken, color] of [[UP, decisions[i], colour.muted], [DOWN, !decisions[i], colour.blue]]) {
        net.rect(i - WIDE, i + WIDE, y - HIGH, y + HIGH, { fill: taken ? color : "transparent", color: taken ? color : colour.faint });
      }
      net.text(i, -0.45, `p = ${fixed(probability[i], 2)}`);
    });

    function onTheWay(from, to, i) {
      return (decisions[i] === 1) === (from === UP) && (i === last || (decisions[i + 1] === 1) === (to === UP));
    }
  };
});
