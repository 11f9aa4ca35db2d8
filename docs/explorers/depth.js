/** What is left of an image, layer by layer, in nets of one depth. */

import { GREY, SEQUENTIAL, chart, colour, explorer, fixed, legend, paint, panels, part } from "./kit.js";

const LOOKS = [[colour.vermilion, "8 4"], [colour.blue, ""], [colour.green, "8 3 2 3"]];

export function compute({ block }, { nets }) {
  const accuracies = Object.values(nets).map((net) => net.accuracies[block]);
  const found = Object.keys(nets).map((name, i) => `${name} <b>${fixed(100 * accuracies[i])} %</b>`).join(", ");
  const passed = `${1 + 2 * block} convolution${block ? "s" : ""}`;
  const sentence = `After ${passed} an image goes to the nearest class mean correctly: ${found}.`;
  return { numbers: { accuracies }, sentence };
}

export default explorer(compute, (picture, { images, nets }) => {
  const names = Object.keys(nets);
  const top = panels(picture, ...["image", ...names].map(() => 0.6)).map((panel, i) =>
    chart(panel, { x: [0, 1], y: [0, 1], width: 200, height: 220, bare: true, title: ["image", ...names][i] }),
  );
  const [below] = panels(picture, 3);
  const depths = nets[names[0]].accuracies.map((_, i) => 1 + 2 * i);
  const lines = chart(below, {
    x: [0, depths.at(-1) + 1], y: [0, 100], width: 380, height: 220,
    xlabel: "convolutions passed", ylabel: "nearest mean, %",
  });
  legend(below, names.map((name, i) => [name, ...LOOKS[i]]));
  return (_, { block, image }) => {
    const pixels = part(images, image);
    const maps = names.map((name) => part(nets[name].maps[block], image));
    top.forEach((one) => one.clear());
    top[0].image(paint(pixels.values, pixels.shape, GREY, { high: 255 }));
    maps.forEach(({ values, shape }, i) => top[i + 1].image(paint(values, shape, SEQUENTIAL, { high: 255 })));
    lines.clear();
    lines.line([0, depths.at(-1) + 1], [10, 10], { color: colour.muted, width: 1, dash: "2 3" });
    names.forEach((name, i) => {
      const percent = nets[name].accuracies.map((value) => 100 * value);
      lines.line(depths, percent, { color: LOOKS[i][0], dash: LOOKS[i][1] });
    });
    lines.line([1 + 2 * block, 1 + 2 * block], [0, 100], { width: 1.5 });
  };
});
