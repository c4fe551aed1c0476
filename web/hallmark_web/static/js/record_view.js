/** The whole story of one request, from its record. */

import { recordUrl } from "./api.js";
import { copyButton, el } from "./dom.js";
import { moment, ms, plural, sentence } from "./format.js";
import { outcome, recordAnswer } from "./live_row.js";
import { dataQuality, factList, inferenceFacts, predictionFacts } from "./quality.js";
import { SHADES, waterfall } from "./waterfall.js";

/** @typedef {import("./types.js").QualityRecord} QualityRecord */

const MOST_INSTANCES = 20;

/**
 * @param {QualityRecord} record
 * @returns {HTMLElement}
 */
export function recordView(record) {
  return el(
    "article",
    { class: "story" },
    headline(record),
    el(
      "div",
      { class: "story-columns" },
      el("div", {}, timeSection(record), valuesSection(record)),
      el(
        "div",
        {},
        section("Answer", predictionFacts(record.prediction)),
        section("Data", dataQuality(record.data)),
        section("Inference", inferenceFacts(record.inference)),
        truthSection(record),
        verdictSection(record),
        section("Identity", identity(record)),
      ),
    ),
  );
}

/** @param {QualityRecord} record */
function headline(record) {
  const { status, complete, missing_stages: missing = [] } = record;
  const badges = [
    el("span", { class: status === "OK" ? "badge good" : "badge bad" }, status || "no status"),
    el("span", { class: complete ? "badge good" : "badge warn" }, complete ? "complete" : "incomplete"),
  ];
  const gap = complete
    ? null
    : el("p", { class: "finding warn" }, missing.length ? `${missing.join(" and ")} ${missing.length > 1 ? "have" : "has"} not reported.` : "A stage has not reported yet.");
  return el(
    "header",
    { class: "headline" },
    el("p", { class: "quiet" }, el("time", { datetime: record.started_at }, moment(record.started_at)), " ", badges),
    el("h1", {}, story(record)),
    gap,
  );
}

/**
 * What was asked, answered, and how long it took.
 * @param {QualityRecord} record
 */
function story(record) {
  const who = el("span", {}, record.consumer === "anonymous" ? "Anonymous" : record.consumer);
  const asked = [who, " asked ", el("em", {}, record.model || "a model")];
  const took = record.duration_ms === null || record.duration_ms === undefined ? "." : [" in ", el("em", {}, ms(record.duration_ms)), "."];
  if (record.status && record.status !== "OK") return failureStory(record, asked);
  if (!record.prediction) return [...asked, "; the answer has not been reported", took].flat();
  const answer = recordAnswer(record);
  const note = answer.note && record.prediction.kind !== "raw" ? ` (${answer.note})` : "";
  return [...asked, " and was answered ", el("em", { class: "answered" }, answer.text), note, took].flat();
}

/**
 * @param {QualityRecord} record
 * @param {(Node|string)[]} asked
 */
function failureStory({ status, reason, duration_ms: duration }, asked) {
  const ended = outcome(status) === "failed" ? "; it failed" : ` and was ${outcome(status)}`;
  const after = duration === null || duration === undefined ? "" : ` after ${ms(duration)}`;
  return [...asked, `${ended}${after}: `, el("em", {}, reason || status), "."];
}

/** @param {QualityRecord} record */
function timeSection({ stages, missing_stages: missing }) {
  return section("Time", el("p", { class: "quiet shades" }, sentence(SHADES)), waterfall(stages, { missing, exact: true }), exactTimes(stages));
}

/** @param {import("./types.js").Stage[]} stages */
function exactTimes(stages) {
  const rows = stages.flatMap((stage) => [
    timeRow(stage.name, stage, String(stage.self_ms.toFixed(3)), stage.status),
    ...(stage.steps ?? []).map((step) => timeRow(step.name, step, "", "", true)),
  ]);
  const head = ["", "start", "duration", "own", "status"].map((name) => el("th", { scope: "col" }, name));
  return el(
    "details",
    { class: "exact-times" },
    el("summary", {}, "Exact times in ms"),
    el("div", { class: "scroll" }, el("table", { class: "facts numbers" }, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows))),
  );
}

/**
 * @param {string} name
 * @param {{start_ms: number, duration_ms: number}} times
 * @param {string} own
 * @param {string} status
 * @param {boolean} [step]
 */
function timeRow(name, { start_ms, duration_ms }, own, status, step = false) {
  const cells = [start_ms.toFixed(3), duration_ms.toFixed(3), own, status].map((text) => el("td", {}, text));
  return el("tr", { class: step ? "sub" : null }, el("th", { scope: "row" }, name), cells);
}

/** @param {QualityRecord} record */
function valuesSection({ instances = [] }) {
  if (instances.length === 0) return section("Input", el("p", { class: "quiet" }, "No value of this input may be recorded, or none came."));
  if (instances.length === 1) return section("Input", factList(Object.entries(instances[0]).map(([name, value]) => [name, valueText(value)])));
  const names = [...new Set(instances.flatMap((instance) => Object.keys(instance)))];
  const rows = instances.slice(0, MOST_INSTANCES).map((instance) => el("tr", {}, names.map((name) => el("td", {}, valueText(instance[name])))));
  const rest = instances.length - rows.length;
  return section(
    "Input",
    el("div", { class: "scroll" }, el("table", { class: "facts" }, el("thead", {}, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows))),
    rest > 0 ? el("p", { class: "quiet" }, `and ${plural(rest, "more instance")}`) : null,
  );
}

/** @param {unknown} value */
function valueText(value) {
  if (value === null || value === undefined) return "missing";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {QualityRecord} record */
function truthSection({ truth }) {
  if (!truth) return null;
  return section("Truth", factList([["What really happened", truth.value], ["Known since", moment(truth.observed_at)]]));
}

/** @param {QualityRecord} record */
function verdictSection({ verdicts = [] }) {
  if (verdicts.length === 0) return null;
  const tone = { pass: "good", violated: "bad" };
  const items = verdicts.map(({ contract, rule, verdict, stage }) =>
    el("li", {}, el("span", { class: `badge ${tone[verdict] ?? "warn"}` }, verdict), ` ${contract}: ${rule}`, stage ? ` (${stage})` : ""),
  );
  return section("Verdicts", el("ul", { class: "plain" }, items));
}

/** @param {QualityRecord} record */
function identity(record) {
  const copied = (/** @type {string} */ id, /** @type {string} */ what) => [el("dd", { class: "mono break" }, id), copyButton(id, what)];
  const facts = factList([
    ["Model", record.model],
    ["Version", record.version],
    ["Variant", record.variant],
    ["Consumer", record.consumer],
    ["Entered at", record.entry_stage ?? ""],
    ["Event time", record.event_time ? moment(record.event_time) : ""],
  ]);
  return el(
    "div",
    {},
    facts,
    el(
      "dl",
      { class: "ids" },
      el("div", {}, el("dt", {}, "Prediction"), copied(record.prediction_id, "prediction id")),
      el("div", {}, el("dt", {}, "Trace"), copied(record.trace_id, "trace id")),
    ),
    el("a", { class: "button small", href: recordUrl(record.prediction_id) }, "Record as JSON"),
  );
}

/**
 * @param {string} title
 * @param {...(HTMLElement|null)} content
 */
function section(title, ...content) {
  return el("section", { class: "panel", "data-section": title.toLowerCase() }, el("header", { class: "panel-head" }, el("h2", {}, title)), content);
}
