/** Lists of numbers. */

import { sum } from "./maths.js";

export const mean = (values) => sum(values) / values.length;

/** 0, 1, …, n − 1 */
export const range = (n) => Array.from({ length: n }, (_, i) => i);

/** The place of the largest value, the first of several. */
export const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
