/** Quality of the data and facts of the run, as the answer and the record show them. */

import { el, place } from "./dom.js";
import { distanceWord, ms, number, percent, plural, violationSentence } from "./format.js";

/**
 * @typedef {import("./types.js").DataQuality} DataQuality
 * @typedef {import("./types.js").ImageQuality} ImageQuality
 * @typedef {import("./types.js").InferenceFacts} InferenceFacts
 * @typedef {import("./types.js").PredictionFacts} PredictionFacts
 */

/** Right end of the distance scale, in robust standard deviations. */
const FARTHEST = 6;

/**
 * @param {DataQuality|null|undefined} data
 * @returns {HTMLElement}
 */
export function dataQuality(data) {
  if (!data) return el("p", { class: "quiet" }, "Nothing has been measured of the data.");
  const violations = data.violations ?? [];
  return el(
    "div",
    { class: "data-quality" },
    violationList(violations, data.instances),
    data.distance === null || data.distance === undefined ? null : distanceScale(data.distance),
    factList([
      ["Instances", String(data.instances)],
      ["Missing values", percent(data.missing_ratio)],
      ...(data.image ? imageFacts(data.image) : []),
    ]),
  );
}

/**
 * @param {import("./types.js").Violation[]} violations
 * @param {number} instances
 */
function violationList(violations, instances) {
  if (violations.length === 0) {
    return el("p", { class: "finding good" }, "The data is as the model declares it.");
  }
  const items = violations.map((violation) =>
    el("li", { class: "finding warn" }, el("b", {}, violation.field), " ", violationSentence(violation, instances), "."),
  );
  return el("ul", { class: "findings", "aria-label": "Violations" }, items);
}

/** @param {number} distance */
function distanceScale(distance) {
  const word = distanceWord(distance);
  return el(
    "div",
    { class: `distance ${word.replace(" ", "-")}` },
    el("p", {}, "Distance from training data ", el("b", {}, `${distance.toFixed(1)} σ`), `, ${word}`),
    el("div", { class: "scale", "aria-hidden": "true" }, place(el("i"), { at: Math.min(1, distance / FARTHEST) })),
    el("div", { class: "scale-ends quiet", "aria-hidden": "true" }, ["0", "2", "4", "6+"].map((end) => el("span", {}, end))),
  );
}

/**
 * @param {ImageQuality} image
 * @returns {[string, string][]}
 */
function imageFacts(image) {
  return [
    ["Image", `${image.width} × ${image.height} ${[image.mode, image.format].filter(Boolean).join(" ")}`],
    ["Brightness", rounded(image.brightness)],
    ["Contrast", rounded(image.contrast)],
    ["Sharpness", rounded(image.sharpness)],
  ];
}

/** @param {number} value Measured, so that three digits say all. */
function rounded(value) {
  return number(Number(value.toPrecision(3)));
}

/**
 * @param {InferenceFacts|null|undefined} facts
 * @returns {HTMLElement}
 */
export function inferenceFacts(facts) {
  if (!facts) return el("p", { class: "quiet" }, "No run of the model has been reported.");
  return factList([
    ["Queue", ms(facts.queue_ms)],
    ["Batch", ms(facts.batch_ms)],
    ["Compute", ms(facts.compute_ms)],
    ["Batch size", plural(facts.batch_size, "instance")],
  ]);
}

/**
 * @param {PredictionFacts|null|undefined} facts
 * @returns {HTMLElement}
 */
export function predictionFacts(facts) {
  if (!facts) return el("p", { class: "quiet" }, "No answer has been reported.");
  const several = facts.count > 1;
  return factList([
    ["Kind", facts.kind],
    ["Instances", String(facts.count)],
    ["Label", several ? listed(facts.labels, String) : (facts.label ?? "")],
    ["Confidence", several ? listed(facts.confidences, percent) : shown(facts.confidence, percent)],
    ["Entropy", several ? listed(facts.entropies, bits) : shown(facts.entropy, bits)],
    [facts.kind === "probability" ? "Probability" : "Value", several ? listed(facts.values, number) : shown(facts.value, number)],
  ]);
}

/** @param {number} value */
function bits(value) {
  return value > 0 && value < 0.001 ? "<0.001 bit" : `${rounded(value)} bit`;
}

/**
 * @param {number|null|undefined} value
 * @param {(value: number) => string} format
 */
function shown(value, format) {
  return value === null || value === undefined ? "" : format(value);
}

/**
 * @template T
 * @param {T[]|undefined} values
 * @param {(value: T) => string} format
 */
function listed(values, format) {
  const first = (values ?? []).slice(0, 12).map(format).join(", ");
  return (values ?? []).length > 12 ? `${first}, …` : first;
}

/**
 * Names and values side by side; what is empty is left out.
 * @param {[string, string][]} facts
 */
export function factList(facts) {
  const pairs = facts.filter(([, value]) => value !== "");
  return el("dl", { class: "fact-list" }, pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
