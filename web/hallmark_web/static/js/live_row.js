/** One record as a row of the live list: a link to its page. */

import { recordPage } from "./api.js";
import { el } from "./dom.js";
import { clock, ms, number, percent, plural } from "./format.js";
import { ownTimeBar } from "./stages.js";

/** @typedef {import("./types.js").QualityRecord} QualityRecord */

/**
 * @param {QualityRecord} record
 * @param {boolean} own Whether this page asked for it.
 * @returns {HTMLLIElement}
 */
export function liveRow(record, own) {
  const answer = recordAnswer(record);
  return el(
    "li",
    { class: own ? "row own-row" : "row", "data-prediction": record.prediction_id },
    el(
      "a",
      { href: recordPage(record.prediction_id) },
      el("span", { class: "row-answer" }, el("b", {}, answer.text), el("span", { class: "quiet" }, answer.note)),
      el("span", { class: "row-who" }, el("span", {}, record.model || "no model"), el("span", { class: "quiet" }, record.consumer)),
      el("span", { class: "row-badges" }, badges(record, own)),
      el("span", { class: "row-time" }, ownTimeBar(record.stages), el("span", { class: "row-ms" }, ms(record.duration_ms))),
      el("time", { class: "quiet", datetime: record.started_at }, clock(record.started_at)),
    ),
  );
}

/**
 * What was answered, in a word and a number.
 * @param {QualityRecord} record
 * @returns {{text: string, note: string}}
 */
export function recordAnswer({ prediction, status, reason }) {
  if (!prediction) return { text: outcome(status), note: reason ?? "" };
  if (prediction.count > 1) return { text: plural(prediction.count, "answer"), note: "" };
  const { label, confidence, value } = prediction;
  if (label !== null && label !== undefined) return { text: label, note: confidence == null ? "" : percent(confidence) };
  return { text: value === null || value === undefined ? "tensors" : number(value), note: prediction.kind };
}

/** gRPC statuses by which the caller learns that the request itself is at fault. */
const REFUSALS = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "OUT_OF_RANGE",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
];

/**
 * How a request without an answer ended, in a word.
 * @param {string} status gRPC status name
 */
export function outcome(status) {
  if (!status || status === "OK") return "no answer yet";
  if (status === "CANCELLED") return "cancelled";
  return REFUSALS.includes(status) ? "refused" : "failed";
}

/**
 * @param {QualityRecord} record
 * @param {boolean} own
 */
function badges({ status, complete, missing_stages, data }, own) {
  const violations = data?.violations?.length ?? 0;
  const missing = missing_stages?.length ? `without ${missing_stages.join(", ")}` : "some stage has not reported";
  return [
    own && el("span", { class: "badge you" }, "yours"),
    status && status !== "OK" && el("span", { class: "badge bad" }, status),
    !complete && el("span", { class: "badge warn", title: missing }, "incomplete"),
    violations > 0 && el("span", { class: "badge warn" }, plural(violations, "violation")),
  ];
}
