/** Where the hint sits: which part of the student it trains, and what the translation costs. */

import { chart, colour, commas, explorer, fixed, panels } from "./kit.js";

const COUNTS = ["guided layers", "1×1, weights", "fully connected, weights"];
const COLOURS = [colour.blue, colour.green, colour.orange];

/** A 1×1 convolution has c_s · c_t weights, a fully connected regressor (c_s h w) · (c_t h w). */
export function compute({ layer }, { student, teacher, sizes, guided, total, accuracies }) {
  const [h, w] = sizes[layer];
  const [mine, theirs] = [student.widths[layer], teacher.widths[layer]];
  const accuracy = accuracies[layer];
  const measured =
    accuracy === undefined ? "" : ` Test accuracy with the hint here: <b>${fixed(100 * accuracy, 1)} %</b>.`;
  const sentence =
    `Maps of ${h}×${w}: ${mine} channels of the student, ${theirs} of the teacher. The ` +
    `hint trains ${fixed((100 * guided[layer]) / total)} % of the student's parameters.${measured}`;
  return { numbers: { counts: [guided[layer], mine * theirs, mine * theirs * (h * w) ** 2] }, sentence };
}

export default explorer(compute, (picture, { student, teacher }) => {
  const [left, right] = panels(picture, 1.35, 1);
  const chain = chart(left, { x: [-0.2, 5.2], y: [-0.35, 2.95], width: 380, height: 230, bare: true });
  const bars = chart(right, {
    x: [10, 1e10], y: [3, 0], width: 320, height: 230, log: true, xlabel: "parameters", yticks: [],
  });
  return ({ counts }, { layer }) => {
    chain.clear();
    for (const [who, net, y, fill] of [["teacher", teacher, 1.8, colour.vermilion], ["student", student, 0, colour.blue]]) {
      chain.text(-0.1, y + 0.88, `${who}: ${net.name}`, { anchor: "start" });
      net.widths.forEach((width, i) => {
        const half = (0.2 + (0.6 * width) / 64) / 2;
        chain.rect(i, i + 0.8, y + 0.4 - half, y + 0.4 + half, { fill, opacity: i <= layer ? 0.9 : 0.15 });
        chain.text(i + 0.02, y - 0.12, String(width), { anchor: "start", dy: 4, color: colour.muted });
      });
      chain.text(4.1, y + 0.4, "classifier", { anchor: "start", dy: 4, color: colour.muted });
    }
    const [x, before] = [layer + 0.4, layer < 3];
    chain.line([x, x], [0.84, 1.75], { color: colour.green, width: 3 });
    chain.dot(x, 1.78, { shape: "triangle", color: colour.green });
    const regressor = `regressor ${student.widths[layer]} → ${teacher.widths[layer]}`;
    chain.text(x, 1.26, regressor, { anchor: before ? "start" : "end", dx: before ? 8 : -8 });
    bars.clear();
    counts.forEach((count, i) => {
      bars.rect(10, count, i + 0.4, i + 0.85, { fill: COLOURS[i] });
      bars.text(10, i + 0.3, `${COUNTS[i]}: ${commas(count)}`, { anchor: "start", dx: 3 });
    });
  };
});
