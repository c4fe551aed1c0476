/** The page at "/": choose a model, ask it, see the answer, follow the records. */

import { bringAnswerIntoView, showAnswer, showFailure, showNothing, showWaiting } from "./answer.js";
import { ApiError, listModels, predict } from "./api.js";
import { byId, el, say } from "./dom.js";
import { tableInput } from "./form.js";
import { errorSentence, fieldName } from "./format.js";
import { imageInput } from "./image_input.js";
import { LiveList } from "./live.js";
import { modelPicker } from "./models.js";
import { tensorInput } from "./tensor_input.js";

/**
 * @typedef {import("./types.js").Input} Input
 * @typedef {import("./types.js").ModelDescription} ModelDescription
 */

const CONSUMER_KEPT = "hallmark.consumer";

/** @type {{model: ModelDescription|null, input: Input|null, asked: number}} */
const state = { model: null, input: null, asked: 0 };
const live = new LiveList();

/** @param {ModelDescription} model */
function choose(model) {
  state.input?.dispose();
  state.model = model;
  state.input = inputFor(model);
  state.asked += 1; // An answer that is still on its way belongs to the model before.
  byId("inputs").replaceChildren(state.input.node);
  byId("ask-model").textContent = model.name;
  byId("ask-about").textContent = model.description ?? "";
  byId("predict").disabled = false;
  clearErrors();
  showNothing();
}

/**
 * @param {ModelDescription} model
 * @returns {Input}
 */
function inputFor(model) {
  if (model.input_kind === "image") return imageInput(model);
  return model.input_kind === "table" ? tableInput(model) : tensorInput(model);
}

/** @param {SubmitEvent} event */
async function ask(event) {
  event.preventDefault();
  const { model, input } = state;
  if (!model || !input || byId("predict").disabled) return;
  const turn = ++state.asked;
  clearErrors();
  byId("predict").disabled = true;
  showWaiting();
  try {
    const answer = await predict(model.name, await input.read(), byId("consumer").value.trim());
    live.markOwn(answer.prediction_id);
    if (turn === state.asked) {
      showAnswer(model, answer);
      bringAnswerIntoView();
    }
  } catch (error) {
    if (turn === state.asked) refuse(input, asApiError(error));
  } finally {
    byId("predict").disabled = false;
  }
}

/** @param {unknown} error */
function asApiError(error) {
  return error instanceof ApiError ? error : new ApiError({ message: String(error) });
}

/**
 * Says what was wrong by the control concerned, and in the answer panel.
 * @param {Input} input
 * @param {ApiError} error
 */
function refuse(input, error) {
  if (error.predictionId) live.markOwn(error.predictionId);
  const text = errorSentence(error);
  if (error.field === "hallmark-consumer") say(byId("consumer-error"), text);
  else if (!(error.field && input.showError(error.field, text))) say(byId("ask-error"), error.field ? `${fieldName(error.field)}: ${text}` : text);
  document.querySelector("#ask [aria-invalid]")?.scrollIntoView({ block: "nearest" });
  showFailure(error);
}

function clearErrors() {
  state.input?.clearErrors();
  say(byId("ask-error"), "");
  say(byId("consumer-error"), "");
}

/** The consumer is remembered in this browser only. */
function rememberConsumer() {
  const field = byId("consumer");
  field.value = localStorage.getItem(CONSUMER_KEPT) ?? "";
  field.addEventListener("change", () => localStorage.setItem(CONSUMER_KEPT, field.value.trim()));
}

async function loadModels() {
  const root = byId("models");
  try {
    const models = await listModels();
    live.offerModels(models.map((model) => model.name));
    if (models.length > 0) modelPicker(root, models, choose);
    else root.replaceChildren(el("p", { class: "notice" }, "There are no models yet. Add one with ", el("code", {}, "hallmark models add PATH.onnx"), "."));
  } catch (error) {
    const again = el("button", { type: "button", class: "small", onclick: loadModels }, "Try again");
    root.replaceChildren(el("p", { class: "notice bad", role: "alert" }, `The models cannot be listed: ${asApiError(error).message} `, again));
  } finally {
    root.removeAttribute("aria-busy");
  }
}

showNothing();
rememberConsumer();
byId("ask").addEventListener("submit", ask);
loadModels();
live.start();
