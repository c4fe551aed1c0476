/** The answer panel: empty, waiting, an answer with its quality, or why there is none. */

import { recordPage } from "./api.js";
import { byId, copyButton, el, icon } from "./dom.js";
import { errorSentence, fieldName, ms, sentence } from "./format.js";
import { predictionText, predictionView } from "./prediction.js";
import { dataQuality, inferenceFacts } from "./quality.js";
import { totalMs } from "./stages.js";
import { SHADES, waterfall } from "./waterfall.js";

/**
 * @typedef {import("./types.js").Answer} Answer
 * @typedef {import("./types.js").ModelDescription} ModelDescription
 */

/** Before the first question. */
export function showNothing() {
  byId("answer-actions").replaceChildren();
  byId("answer-said").textContent = "";
  fill(
    el(
      "div",
      { class: "placeholder" },
      el("p", {}, "Press Predict. The answer appears here with its record:"),
      el(
        "ul",
        {},
        el("li", {}, "what the model says, and how sure it is"),
        el("li", {}, "where the time went, stage by stage"),
        el("li", {}, "how good the data was that you sent"),
      ),
    ),
  );
}

/** Keeps what is there, dimmed, so that nothing jumps. */
export function showWaiting() {
  byId("answer").setAttribute("aria-busy", "true");
}

/**
 * @param {ModelDescription} model
 * @param {Answer} answer
 */
export function showAnswer(model, answer) {
  const { stages = [], data, inference } = answer.quality;
  const took = totalMs(stages);
  byId("answer-actions").replaceChildren(
    el("a", { class: "button small", href: recordPage(answer.prediction_id) }, "Open record", icon("open")),
  );
  byId("answer-said").textContent = sentence(`${predictionText(model, answer.prediction)}, after ${ms(took)}`);
  fill(
    predictionView(model, answer.prediction),
    ids(answer),
    block("Time", `${ms(took)} in all, ${SHADES}`, waterfall(stages)),
    el(
      "div",
      { class: "pair" },
      block("Data", "", dataQuality(data)),
      block("Inference", `version ${answer.model.version}, ${answer.model.variant}`, inferenceFacts(inference)),
    ),
  );
}

/** @param {import("./api.js").ApiError} error */
export function showFailure(error) {
  byId("answer-actions").replaceChildren();
  byId("answer-said").textContent = "";
  const record = error.predictionId
    ? el("p", {}, "It has a record too: ", el("a", { href: recordPage(error.predictionId) }, "see what happened"), ".")
    : null;
  const code = [error.code, error.reason].filter(Boolean).join(" · ");
  fill(
    el(
      "div",
      { class: "failure" },
      el("p", { class: "failure-title" }, "No answer"),
      el("p", {}, error.field ? el("b", {}, `${fieldName(error.field)}: `) : null, errorSentence(error)),
      code ? el("p", { class: "mono quiet" }, code) : null,
      record,
    ),
  );
}

/** @param {Answer} answer */
function ids({ prediction_id, trace_id }) {
  return el(
    "dl",
    { class: "ids" },
    el("div", {}, el("dt", {}, "Prediction"), el("dd", { class: "mono", "data-id": "prediction" }, prediction_id), copyButton(prediction_id, "prediction id")),
    el("div", {}, el("dt", {}, "Trace"), el("dd", { class: "mono", "data-id": "trace" }, trace_id), copyButton(trace_id, "trace id")),
  );
}

/**
 * A titled part of the answer.
 * @param {string} title
 * @param {string} note
 * @param {HTMLElement} content
 */
function block(title, note, content) {
  return el("section", { class: "block", "data-block": title.toLowerCase() }, el("header", {}, el("h3", {}, title), el("span", { class: "quiet" }, note)), content);
}

/** @param {...HTMLElement} children */
function fill(...children) {
  const panel = byId("answer");
  panel.removeAttribute("aria-busy");
  panel.replaceChildren(...children);
}

/** Where the panels stand below each other, the answer would come out of sight. */
export function bringAnswerIntoView() {
  const panel = byId("answer").closest("section");
  if (panel.getBoundingClientRect().top > innerHeight * 0.6) panel.scrollIntoView({ block: "start" });
}
