/** The training loss of several nets over the noise in their weights, every draw as a dot, and where the slider stands. */

import { chart, colour, explorer, fixed, general, legend, mean, part, range } from "./kit.js";

const LOOKS = [[colour.vermilion, "7 3"], [colour.blue, ""], [colour.purple, "5 2 2 2"], [colour.green, "8 3 2 3"]];

export function compute({ noise, strength }, { losses, names }) {
  const { sigmas, nets } = losses[noise];
  const means = nets.map((net) => range(net.shape[0]).map((i) => mean(Array.from(part(net, i).values))));
  const told = names.map((name, i) => `${name} <b>${fixed(means[i][strength], 2)}</b>`).join(", ");
  const unit = noise === "relative" ? "of the length of each filter" : "in every parameter";
  const sentence = `σ = ${general(sigmas.values[strength], 2)} ${unit}: the training loss is ${told} nats, the mean of ${nets[0].shape[1]} draws.`;
  return { numbers: { means: means.flat() }, sentence };
}

export default explorer(compute, (picture, { losses, names }) => {
  const plots = Object.fromEntries(Object.entries(losses).map(([kind, { nets }]) => {
    const el = picture.appendChild(document.createElement("div"));
    el.style.flex = "1 1 100%";
    const top = 1.05 * Math.max(...nets.map(({ values }) => Math.max(...values)));
    return [kind, [el, chart(el, { x: [-0.03, 1.03], y: [0, top], width: 400, height: 240, xlabel: "σ, as a share of the largest", ylabel: "training loss, nats", xticks: [0, 0.25, 0.5, 0.75, 1] })]];
  }));
  legend(picture, names.map((name, i) => [name, ...LOOKS[i]]));
  return ({ means }, { noise, strength }) => {
    for (const [kind, [el]] of Object.entries(plots)) el.hidden = kind !== noise;
    const [plot, { sigmas, nets }] = [plots[noise][1], losses[noise]];
    const share = Array.from(sigmas.values, (value) => value / Math.max(...sigmas.values));
    plot.clear();
    plot.line([share[strength], share[strength]], [0, 1e3], { color: colour.muted, width: 1 });
    nets.forEach(({ values, shape: [n, draws] }, i) => {
      const [color, dash] = LOOKS[i];
      values.forEach((value, place) => plot.dot(share[Math.floor(place / draws)], value, { color, r: 1.6 }));
      plot.line(share, means.slice(i * n, (i + 1) * n), { color, dash });
      share.forEach((x, k) => plot.dot(x, means[i * n + k], { color, r: 3.5 }));
    });
  };
});
