/** When each stage and step of one request ran. */

import { copyButton, el, place } from "./dom.js";
import { ms } from "./format.js";
import { ownTimeBar, ownTimeLegend, stageClass, totalMs } from "./stages.js";

/**
 * @typedef {import("./types.js").Stage} Stage
 * @typedef {import("./types.js").Step} Step
 */

/** What the shades of the bars mean. */
export const SHADES = "solid: own time, pale: waiting";

/**
 * @param {Stage[]} stages In the order of the flow.
 * @param {{missing?: string[], exact?: boolean}} [options] Stages that never reported; whether to show span ids.
 * @returns {HTMLElement}
 */
export function waterfall(stages, { missing = [], exact = false } = {}) {
  if (stages.length === 0 && missing.length === 0) return el("p", { class: "quiet" }, "No stage has reported.");
  const total = totalMs(stages) || 1;
  const ticks = ticksOf(total);
  const rows = stages.flatMap((stage, index) => [
    stageRow(stage, stages[index + 1], total, ticks, exact),
    ...(stage.steps ?? []).map((step) => stepRow(stage, step, total, ticks)),
  ]);
  const gaps = missing.map((name) => missingRow(name, ticks, total));
  return el(
    "div",
    { class: `waterfall${exact ? " exact" : ""}` },
    ownTimeBar(stages),
    ownTimeLegend(stages),
    axis(ticks, total),
    el("ol", { class: "lanes", "aria-label": "Stages in the order of the flow" }, rows, gaps),
  );
}

/**
 * Round times from 0 to at most the total, four to six of them.
 * @param {number} total in milliseconds
 */
export function ticksOf(total) {
  const rough = total / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(total / step + 1e-9) + 1 }, (_, index) => index * step);
}

/**
 * @param {number[]} ticks
 * @param {number} total
 */
function axis(ticks, total) {
  const labels = ticks.map((tick) => place(el("span", {}, trimmed(tick)), { at: tick / total }));
  return el("div", { class: "axis lane", "aria-hidden": "true" }, el("span", {}, "ms"), el("div", { class: "track" }, labels), el("span"));
}

/** @param {number} tick */
function trimmed(tick) {
  return String(Number(tick.toPrecision(4)));
}

/**
 * @param {Stage} stage
 * @param {Stage|undefined} next
 * @param {number} total
 * @param {number[]} ticks
 * @param {boolean} exact
 */
function stageRow(stage, next, total, ticks, exact) {
  const whole = bar("whole", stage.start_ms, stage.duration_ms, total);
  const own = ownParts(stage, next).map(([start, duration]) => bar("own", start, duration, total));
  const failed = stage.status && stage.status !== "OK" ? el("span", { class: "badge bad" }, stage.status) : null;
  const name = el("span", { class: "lane-name" }, el("b", {}, stage.name), failed, exact && stage.span_id ? spanId(stage.span_id) : null);
  const times = el("span", { class: "lane-time" }, el("b", {}, ms(stage.duration_ms)), el("span", { class: "quiet" }, `own ${ms(stage.self_ms)}`));
  return el("li", { class: `lane stage ${stageClass(stage.name)}`, "data-stage": stage.name }, name, track(ticks, total, whole, own), times);
}

/**
 * @param {Stage} stage
 * @param {Step} step
 * @param {number} total
 * @param {number[]} ticks
 */
function stepRow(stage, step, total, ticks) {
  return el(
    "li",
    { class: `lane step ${stageClass(stage.name)}`, "data-step": step.name },
    el("span", { class: "lane-name" }, step.name),
    track(ticks, total, bar("own", step.start_ms, step.duration_ms, total)),
    el("span", { class: "lane-time" }, ms(step.duration_ms)),
  );
}

/**
 * @param {string} name
 * @param {number[]} ticks
 * @param {number} total
 */
function missingRow(name, ticks, total) {
  return el(
    "li",
    { class: `lane stage missing ${stageClass(name)}`, "data-stage": name, "data-missing": true },
    el("span", { class: "lane-name" }, el("b", {}, name)),
    track(ticks, total, el("span", { class: "absent" }, "has not reported")),
    el("span", { class: "lane-time quiet" }, "–"),
  );
}

/**
 * Where a stage worked itself: before and after the stage it called. What the call took beyond the called stage's
 * own duration is waiting too, so both parts are shrunk to add up to self_ms.
 * Where the called stage has not reported, the own time is drawn from the start.
 * @param {Stage} stage
 * @param {Stage|undefined} next
 * @returns {[number, number][]} start and duration in milliseconds
 */
export function ownParts(stage, next) {
  if (!next) return [[stage.start_ms, stage.self_ms]];
  const end = stage.start_ms + stage.duration_ms;
  const before = Math.max(0, Math.min(next.start_ms, end) - stage.start_ms);
  const after = Math.max(0, end - Math.max(next.start_ms + next.duration_ms, stage.start_ms));
  const scale = before + after > 0 ? Math.min(1, stage.self_ms / (before + after)) : 0;
  return [
    [stage.start_ms, before * scale],
    [end - after * scale, after * scale],
  ];
}

/**
 * @param {string} kind
 * @param {number} start
 * @param {number} duration
 * @param {number} total
 */
function bar(kind, start, duration, total) {
  return place(el("i", { class: `bar ${kind}` }), { at: Math.max(0, start / total), share: duration / total });
}

/**
 * @param {number[]} ticks
 * @param {number} total
 * @param {...any} children
 */
function track(ticks, total, ...children) {
  const lines = ticks.map((tick) => place(el("i", { class: "tick" }), { at: tick / total }));
  return el("div", { class: "track" }, lines, children.flat());
}

/** @param {string} id */
function spanId(id) {
  return el("span", { class: "span-id" }, el("span", { class: "mono quiet", title: "span id" }, id), copyButton(id, "span id"));
}
