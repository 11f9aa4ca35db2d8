/** What happens to a student that never saw one class when the bias of that class is raised. */

import { chart, colour, explorer, fixed, legend, linspace, panels, percent, sum } from "./kit.js";

const MOST = 15; // logits
const GRID = linspace(0, MOST, 151);
const mean = (values) => sum(values) / values.length;

/** Whether each sample is right: it is called class k as soon as the bias exceeds what that needs. */
function answers({ needed, otherwise }, labels, k, bias) {
  return labels.map((label, i) => Number(bias > needed.values[i] ? label === k : otherwise.values[i] === 1));
}

export function compute({ student, bias }, { students, labels, k, classes }) {
  const right = answers(students[student], labels, k, bias);
  const of = (wanted, values = right) => values.filter((_, i) => wanted(labels[i]));
  const [mine, others] = [of((label) => label === k), of((label) => label !== k)];
  const along = GRID.map((bias) => answers(students[student], labels, k, bias));
  const sentence =
    `Bias + ${fixed(bias, 1)}: of ${mine.length} images of ${classes[k]} <b>${sum(mine)}</b> are ` +
    `recognised, of ${others.length} others <b>${sum(others)}</b> are right. ` +
    `Accuracy on all: <b>${percent(mean(right), 1)}</b>.`;
  return {
    numbers: {
      mine: along.map((values) => mean(of((label) => label === k, values))),
      others: along.map((values) => mean(of((label) => label !== k, values))),
      all: along.map(mean),
      classes: classes.map((_, c) => mean(of((label) => label === c))),
    },
    sentence,
  };
}

export default explorer(compute, (picture, { k, classes, mine }) => {
  const [left, right] = panels(picture, 1.25, 1);
  const K = classes.length;
  const curves = chart(left, {
    x: [0, MOST], y: [0, 1.04], width: 380, height: 260, yticks: linspace(0, 1, 6), ylabel: "accuracy",
    xlabel: `added to the logit of ${classes[k]}`,
  });
  const looks = { mine: [colour.vermilion, ""], others: [colour.blue, "8 4"], all: [colour.ink, "2 4"] };
  legend(left, [[mine, ...looks.mine], ["the others", ...looks.others], ["all", ...looks.all]]);
  const bars = chart(right, {
    x: [-0.6, K - 0.4], y: [0, 1.04], width: 320, height: 260, yticks: linspace(0, 1, 6), xlabel: "class",
    xticks: classes.map((name, c) => [c, name]),
  });
  return (numbers, { bias }) => {
    curves.clear();
    for (const [name, [color, dash]] of Object.entries(looks)) curves.line(GRID, numbers[name], { color, dash });
    curves.line([bias, bias], [0, 2], { width: 1 });
    bars.clear();
    const colours = classes.map((_, c) => (c === k ? colour.vermilion : colour.blue));
    bars.bars(classes.map((_, c) => c), numbers.classes, { colours });
  };
});
