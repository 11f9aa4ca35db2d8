/** What every explorer shares. A module of an explorer imports from here alone. */

export { assignment } from "./kit/assignment.js";
export { DIVERGING, BLUES, GREY, GREYS, SEQUENTIAL, colour, paint } from "./kit/colours.js";
export { chart, legend, panels } from "./kit/charts.js";
export { explorer, frame } from "./kit/explorer.js";
export { commas, fixed, general, percent, signed } from "./kit/format.js";
export { density, entropy, erfc, linspace, ndtr, softmax, sum, topk } from "./kit/maths.js";
export { part, unpacked } from "./kit/tensors.js";
export { argmax, mean, range } from "./kit/lists.js";
export { divergence, logSigmoid, logSoftmax, logSumExp, sigmoid } from "./kit/logs.js";
