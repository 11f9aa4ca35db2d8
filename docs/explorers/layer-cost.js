/** What a layer costs as an ordinary convolution and as a ghost module: counted here, and timed when the page was made. */

import { chart, colour, commas, explorer, fixed, legend, range } from "./kit.js";

const HIGHEST = 2;
const NAMES = ["parameters", "multiply-adds", "time"];

/** Parameters of a k×k convolution from c to c maps as a ghost module: ⌈c/s⌉ maps, and s − 1 cheap d×d ones of each. */
function parameters(c, k, s = 1, d = 1) {
  const m = Math.ceil(c / s);
  return m * c * k * k + m * (s - 1) * d * d;
}

export function compute({ width, s, d, k }, { size, batch, milliseconds, settings }) {
  const [ordinary, ghost] = [parameters(width, k), parameters(width, k, s, d)];
  const [W, S, D, K] = [["width", width], ["s", s], ["d", d], ["k", k]].map(([name, value]) => settings[name].indexOf(value));
  const place = ((W * settings.s.length + S) * settings.d.length + D) * settings.k.length + K;
  const took = [0, 1].map((which) => milliseconds.values[2 * place + which]);
  const counted = [ordinary, ghost].map((weights) => weights * size ** 2);
  const shares = [ghost / ordinary, counted[1] / counted[0], took[1] / took[0]];
  const sentence =
    `Ordinary: ${commas(ordinary)} parameters, ${commas(counted[0])} multiply-adds an image, ${fixed(took[0], 2)} ms. ` +
    `Ghost: <b>${commas(ghost)}</b>, <b>${commas(counted[1])}</b>, <b>${fixed(took[1], 2)} ms</b> ` +
    `(batch of ${batch}, maps of ${size}×${size}).`;
  return { numbers: { shares }, sentence };
}

export default explorer(compute, (picture) => {
  const bars = chart(picture, {
    x: [-0.6, 2.6], y: [0, 2.2], width: 380, height: 220, ylabel: "relative",
    xticks: NAMES.map((name, i) => [i, name]), yticks: [0, 0.5, 1, 1.5, 2],
  });
  legend(picture, [["ordinary", colour.muted], ["ghost module", colour.purple], ["times were measured when this page was made", "none"]]);
  return ({ shares }) => {
    const places = range(3), heights = shares.map((share) => Math.min(share, HIGHEST));
    bars.clear();
    bars.bars(places.map((x) => x - 0.2), [1, 1, 1], { width: 0.36, colours: colour.muted });
    bars.bars(places.map((x) => x + 0.2), heights, { width: 0.36, colours: colour.purple });
    places.forEach((x) => bars.text(x + 0.2, heights[x], fixed(shares[x], 2), { dy: -4 }));
  };
});
