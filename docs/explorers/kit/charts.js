/** Charts in SVG: a frame that is drawn once, and marks in the data's own coordinates that are drawn at every move. */

import { colour } from "./colours.js";

const SVG = "http://www.w3.org/2000/svg";

function append(parent, name, { style, ...attributes }, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  Object.assign(element.style, style);
  element.textContent = text;
  parent.append(element);
  return element;
}

/** A row of places for charts, below each other where the page is narrow. `ratios` are their widths. */
export function panels(el, ...ratios) {
  const row = document.createElement("div");
  row.className = "kd-row";
  el.append(row);
  return ratios.map((ratio) => {
    const panel = document.createElement("div");
    panel.className = "kd-panel";
    panel.style.flex = `${ratio} 1 ${Math.round(Math.min(260, 170 * ratio))}px`;
    row.append(panel);
    return panel;
  });
}

/** What the lines and bars mean, below a chart: [[text, colour, dash], …]. */
export function legend(el, entries) {
  const list = document.createElement("div");
  list.className = "kd-legend";
  for (const [text, color, dash = ""] of entries) {
    const entry = document.createElement("span");
    const swatch = append(entry, "svg", { viewBox: "0 0 24 10", width: 24, height: 10 });
    const style = { stroke: color, strokeDasharray: dash };
    append(swatch, "line", { x1: 0, x2: 24, y1: 5, y2: 5, "stroke-width": 3, style });
    entry.append(text);
    list.append(entry);
  }
  el.append(list);
}

/**
 * A chart in `el`. x, y: the ends of the axes. xticks, yticks: numbers or [number, text]; none where `bare`.
 * Every mark takes data coordinates and {color, …}; `clear()` takes away all marks.
 */
export function chart(el, options) {
  const { x, y, width = 340, height = 230, bare = false, log = false, title = "", xlabel = "", ylabel = "" } = options;
  const edge = {
    left: bare ? 2 : (options.left ?? (ylabel ? 48 : 34)), right: bare ? 2 : 10,
    top: title ? 22 : 8, bottom: bare ? 2 : xlabel ? 40 : 24,
  };
  const [w, h] = [width - edge.left - edge.right, height - edge.top - edge.bottom];
  const place = log ? Math.log10 : (value) => value;
  const X = (value) => ((place(value) - place(x[0])) / (place(x[1]) - place(x[0]))) * w;
  const Y = (value) => (1 - (value - y[0]) / (y[1] - y[0])) * h;

  const style = { maxWidth: `${1.35 * width}px` };
  const svg = append(el, "svg", { viewBox: `0 0 ${width} ${height}`, class: "kd-chart", style });
  const inner = append(svg, "g", { transform: `translate(${edge.left} ${edge.top})` });
  if (!bare) axes(inner, { ...options, x, y, w, h, X, Y, log });
  if (title) append(svg, "text", { x: edge.left + w / 2, y: 14, class: "kd-title" }, title);
  if (xlabel) append(svg, "text", { x: edge.left + w / 2, y: height - 5, class: "kd-label" }, xlabel);
  if (ylabel) append(svg, "text", { transform: `translate(12 ${edge.top + h / 2}) rotate(-90)`, class: "kd-label" }, ylabel);
  const marks = append(inner, "svg", { width: w, height: h });
  const words = append(inner, "g", {});

  const look = ({ color = colour.ink, fill = "none", width = 2, dash = "", opacity = 1 }) => ({
    style: { stroke: color, fill, strokeWidth: width, strokeDasharray: dash, opacity },
  });
  return {
    svg,
    clear: () => { marks.replaceChildren(); words.replaceChildren(); },
    /** A line through points; with `fill`, the area that they enclose. */
    line(xs, ys, how = {}) {
      const points = Array.from(xs, (value, i) => `${X(value).toFixed(2)},${Y(ys[i]).toFixed(2)}`).join(" ");
      append(marks, how.fill ? "polygon" : "polyline", { points, ...look(how) });
    },
    rect(x0, x1, y0, y1, { color = "none", fill = colour.blue, ...how } = {}) {
      const [left, right, top, bottom] = [...[X(x0), X(x1)].sort((a, b) => a - b), ...[Y(y0), Y(y1)].sort((a, b) => a - b)];
      const box = { x: left, y: top, width: right - left, height: bottom - top };
      append(marks, "rect", { ...box, ...look({ color, fill, ...how }) });
    },
    /** Upright bars from 0; `colours` is one for all or one for each. */
    bars(xs, heights, { colours = colour.blue, width = 0.75, ...how } = {}) {
      heights.forEach((value, i) => {
        const fill = Array.isArray(colours) ? colours[i] : colours;
        this.rect(xs[i] - width / 2, xs[i] + width / 2, 0, value, { fill, ...how });
      });
    },
    dot(at, height, { color = colour.vermilion, r = 5, shape = "circle", edge = "none" } = {}) {
      const [cx, cy] = [X(at), Y(height)];
      const style = { fill: color, stroke: edge };
      if (shape === "circle") append(marks, "circle", { cx, cy, r, style });
      else if (shape === "cross") {
        const d = `M${cx - r} ${cy - r}L${cx + r} ${cy + r}M${cx - r} ${cy + r}L${cx + r} ${cy - r}`;
        append(marks, "path", { d, style: { stroke: color, strokeWidth: 2 } });
      } else {
        const corners = { triangle: [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]], square: [[-1, -1], [1, -1], [1, 1], [-1, 1]], diamond: [[0, -1.3], [1.2, 0], [0, 1.3], [-1.2, 0]] };
        const points = corners[shape].map(([dx, dy]) => `${cx + r * dx},${cy + r * dy}`).join(" ");
        append(marks, "polygon", { points, style });
      }
    },
    /** Text at a place, moved by (dx, dy) pixels; it may reach beyond the axes. */
    text(at, height, words_, { color = colour.ink, size, anchor = "middle", dx = 0, dy = 0 } = {}) {
      const where = { x: X(at) + dx, y: Y(height) + dy, "text-anchor": anchor };
      append(words, "text", { ...where, style: { fill: color, fontSize: size ? `${size}px` : "" } }, words_);
    },
    /** A picture from `paint`, stretched over a rectangle; its first row is at y1. */
    image(href, { across: [x0, x1] = x, up: [y0, y1] = y, opacity = 1 } = {}) {
      const [left, top] = [X(x0), Y(y1)];
      const box = { x: left, y: top, width: X(x1) - left, height: Y(y0) - top, preserveAspectRatio: "none" };
      append(marks, "image", { href, ...box, style: { imageRendering: "pixelated", opacity } });
    },
  };
}

function axes(inner, { x, y, w, h, X, Y, log, xticks = log ? powers(x) : steps(x), yticks = steps(y) }) {
  const pair = (tick) => (Array.isArray(tick) ? tick : [tick, text(tick)]);
  for (const [value, name] of xticks.map(pair)) {
    append(inner, "line", { x1: X(value), x2: X(value), y1: 0, y2: h, class: "kd-grid" });
    append(inner, "text", { x: X(value), y: h + 15, class: "kd-tick" }, name);
  }
  for (const [value, name] of yticks.map(pair)) {
    append(inner, "line", { x1: 0, x2: w, y1: Y(value), y2: Y(value), class: "kd-grid" });
    append(inner, "text", { x: -5, y: Y(value) + 4, class: "kd-tick kd-side" }, name);
  }
  append(inner, "path", { d: `M0 0V${h}H${w}`, class: "kd-axis" });
}

/** Round numbers, about five of them, between two ends. */
function steps([low, high]) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}

const DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Powers of ten, every second one where there are many. */
function powers([low, high]) {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const step = last - first > 5 ? 2 : 1;
  const name = (n) => `10${n < 0 ? "⁻" : ""}${[...String(Math.abs(n))].map((digit) => DIGITS[digit]).join("")}`;
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => [10 ** (first + i * step), name(first + i * step)]);
}

const text = (value) => String(Number(value.toPrecision(6))).replace("-", "−");
