/** What a model answered, by kind of output. */

import { el, place } from "./dom.js";
import { number, percent } from "./format.js";

/** @typedef {import("./types.js").ModelDescription} ModelDescription */

const MOST_SCORES = 10;
const MOST_ELEMENTS = 64;

/**
 * @param {ModelDescription} model
 * @param {any} prediction As in the answer: one, or a list where several instances were sent.
 * @returns {HTMLElement}
 */
export function predictionView(model, prediction) {
  if (!Array.isArray(prediction)) return single(model, prediction);
  const rows = prediction.map((item, index) =>
    el("tr", {}, el("td", {}, index + 1), el("td", {}, predictionText(model, item))),
  );
  return el(
    "div",
    { class: "scroll" },
    el("table", { class: "facts" }, el("thead", {}, el("tr", {}, el("th", {}, "Instance"), el("th", {}, "Answer"))), el("tbody", {}, rows)),
  );
}

/**
 * The answer in one line.
 * @param {ModelDescription} model
 * @param {any} prediction
 * @returns {string}
 */
export function predictionText(model, prediction) {
  if (Array.isArray(prediction)) return `${prediction.length} answers`;
  switch (model.output_kind) {
    case "classes":
      return `${prediction.label}, ${percent(prediction.confidence)} confident`;
    case "probability":
      return `${prediction.label}, ${percent(prediction.probability)} likely to be ${prediction.event}`;
    case "number":
      return `${number(prediction.value)} ${prediction.unit ?? ""}`.trim();
    default:
      return (prediction.outputs ?? []).map((/** @type {any} */ output) => `${output.name} [${output.shape.join(", ")}]`).join(", ");
  }
}

/**
 * @param {ModelDescription} model
 * @param {any} prediction
 * @returns {HTMLElement}
 */
function single(model, prediction) {
  switch (model.output_kind) {
    case "classes":
      return classes(prediction);
    case "probability":
      return probability(prediction, model.threshold);
    case "number":
      return el("div", { class: "verdict" }, el("p", { class: "big" }, number(prediction.value), el("small", {}, prediction.unit ?? "")));
    default:
      return raw(prediction.outputs ?? []);
  }
}

/** @param {{label: string, confidence: number, scores: {label: string, score: number}[]}} prediction */
function classes({ label, confidence, scores }) {
  const shown = scores.slice(0, MOST_SCORES);
  const rest = scores.length - shown.length;
  const bars = shown.map((score) =>
    el(
      "li",
      { class: score.label === label ? "best" : null },
      el("span", { class: "score-label" }, score.label),
      el("span", { class: "meter", "aria-hidden": "true" }, place(el("i"), { share: score.score })),
      el("span", { class: "score-value" }, percent(score.score)),
    ),
  );
  return el(
    "div",
    { class: "verdict with-scores" },
    el("p", { class: "big", "data-answer": label }, label, el("small", {}, `${percent(confidence)} confident`)),
    el("ol", { class: "scores", "aria-label": "Score of each class" }, bars, rest > 0 && el("li", { class: "quiet" }, `and ${rest} more`)),
  );
}

/**
 * @param {{label: string, probability: number, event: string}} prediction
 * @param {number|undefined} threshold
 */
function probability(prediction, threshold) {
  const mark = threshold === undefined ? null : place(el("span", { class: "gauge-mark" }), { at: threshold });
  return el(
    "div",
    { class: "verdict" },
    el("p", { class: "big", "data-answer": prediction.label }, percent(prediction.probability), el("small", {}, `likely to be ${prediction.event}`)),
    el("div", { class: "gauge", "aria-hidden": "true" }, place(el("i"), { share: prediction.probability }), mark),
    el("div", { class: "gauge-ends quiet", "aria-hidden": "true" }, el("span", {}, "0"), el("span", {}, "50"), el("span", {}, `100\u202f%`)),
    el("p", {}, "The model says: ", el("b", {}, prediction.label), threshold === undefined ? "." : ` (from ${percent(threshold)} on it is ${prediction.event}).`),
  );
}

/** @param {{name: string, datatype: string, shape: number[], data: any[]}[]} outputs */
function raw(outputs) {
  const blocks = outputs.map(({ name, datatype, shape, data }) => {
    const shown = data.slice(0, MOST_ELEMENTS).map((value) => (typeof value === "number" ? number(value) : String(value)));
    const rest = data.length - shown.length;
    return el(
      "div",
      { class: "tensor" },
      el("p", { class: "mono" }, el("b", {}, name), ` ${datatype} `, el("span", { class: "quiet" }, `[${shape.join(", ")}]`)),
      el("ul", { class: "elements mono" }, shown.map((value) => el("li", {}, value)), rest > 0 && el("li", { class: "quiet" }, `and ${rest} more`)),
    );
  });
  return el("div", { class: "verdict raw" }, blocks);
}
