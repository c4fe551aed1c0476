/** The stages of a prediction: their colours, and how their own times add up. */

import { el, place } from "./dom.js";
import { ms } from "./format.js";

/** @typedef {import("./types.js").Stage} Stage */

/** The stages in the order of the flow. */
export const STAGES = ["web", "preprocess", "inference"];

/** @param {string} name */
export function stageClass(name) {
  return STAGES.includes(name) ? `stage-${name}` : "stage-between";
}

/** @param {Stage[]} stages */
export function totalMs(stages) {
  return Math.max(0, ...stages.map((stage) => stage.start_ms + stage.duration_ms));
}

/**
 * Own time of every stage, and what the calls between them took.
 * @param {Stage[]} stages
 * @returns {{name: string, own_ms: number, share: number}[]} shares of the total, 0 to 1
 */
export function ownTimes(stages) {
  const total = totalMs(stages);
  const parts = stages.map(({ name, self_ms }) => ({ name, own_ms: self_ms }));
  const between = total - parts.reduce((sum, part) => sum + part.own_ms, 0);
  if (stages.length > 1 && between > 0) parts.push({ name: "between", own_ms: between });
  return parts.map((part) => ({ ...part, share: total > 0 ? Math.min(1, part.own_ms / total) : 0 }));
}

/**
 * A bar of own times, side by side; decorative, since the numbers stand beside it.
 * @param {Stage[]} stages
 */
export function ownTimeBar(stages) {
  const parts = ownTimes(stages).map(({ name, share }) => place(el("i", { class: stageClass(name) }), { share }));
  return el("span", { class: "own-bar", "aria-hidden": "true" }, parts);
}

/**
 * What colour is which stage, with its own time.
 * @param {Stage[]} stages
 */
export function ownTimeLegend(stages) {
  const items = ownTimes(stages).map(({ name, own_ms }) =>
    el(
      "li",
      {},
      el("i", { class: `swatch ${stageClass(name)}`, "aria-hidden": "true" }),
      el("span", {}, name),
      el("b", {}, ms(own_ms)),
    ),
  );
  return el("ul", { class: "legend", "aria-label": "Own time of each stage" }, items);
}
