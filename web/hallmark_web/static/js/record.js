/** The page at "/records/{prediction_id}": waits for the record, shows it, follows it until it is complete. */

import { ApiError, getRecord } from "./api.js";
import { byId, el } from "./dom.js";
import { recordView } from "./record_view.js";

/** @typedef {import("./types.js").QualityRecord} QualityRecord */

const WAIT_MS = 10_000;
const BETWEEN_MS = 500;
/** Late spans may still complete a record that is there; after this many looks it is taken as it is. */
const LOOKS_WHILE_INCOMPLETE = 20;

const predictionId = decodeURIComponent(location.pathname.replace(/\/+$/, "").split("/").pop() ?? "");
const main = byId("record");

/** @param {number} delay in milliseconds */
function pause(delay) {
  return new Promise((resolve) => setTimeout(resolve, delay));
}

/**
 * The record as soon as it is there; null where it is not after WAIT_MS.
 * @returns {Promise<QualityRecord|null>}
 */
async function awaitRecord() {
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    try {
      return await getRecord(predictionId);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
    }
    await pause(BETWEEN_MS);
  }
  return null;
}

async function load() {
  showWaiting();
  try {
    const record = await awaitRecord();
    if (!record) return showAbsent();
    show(record);
    await followUntilComplete(record);
  } catch (error) {
    showProblem(error instanceof ApiError ? error.message : String(error));
  }
}

/** @param {QualityRecord} first */
async function followUntilComplete(first) {
  let seen = JSON.stringify(first);
  let { complete } = first;
  for (let look = 0; !complete && look < LOOKS_WHILE_INCOMPLETE; look += 1) {
    await pause(BETWEEN_MS);
    const record = await getRecord(predictionId);
    complete = record.complete;
    if (JSON.stringify(record) !== seen) show(record);
    seen = JSON.stringify(record);
  }
}

/** @param {QualityRecord} record */
function show(record) {
  document.title = `${record.model || "Record"} ${predictionId.slice(0, 8)} · Hallmark`;
  fill(recordView(record));
}

function showWaiting() {
  main.setAttribute("aria-busy", "true");
  main.replaceChildren(
    notice("Waiting for the record", "It arrives about a second after the answer.", el("div", { class: "progress", "aria-hidden": "true" })),
  );
}

function showAbsent() {
  const text = "It may be older than what is kept, the id may be wrong, or the QoA engine may not be receiving.";
  fill(notice("There is no record with this id", text, againButton()));
}

/** @param {string} message */
function showProblem(message) {
  fill(notice("The record cannot be read", message, againButton()));
}

function againButton() {
  return el("button", { type: "button", class: "small", onclick: load }, "Look again");
}

/**
 * @param {string} title
 * @param {string} text
 * @param {HTMLElement} more
 */
function notice(title, text, more) {
  return el("div", { class: "panel waiting", role: "status" }, el("h1", {}, title), el("p", {}, text), el("p", { class: "mono quiet break" }, predictionId), more);
}

/** @param {HTMLElement} content */
function fill(content) {
  main.removeAttribute("aria-busy");
  main.replaceChildren(content);
}

load();
