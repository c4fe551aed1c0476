/** Calls to the REST interface. Every failure is an {@link ApiError} that a person can read. */

/**
 * @typedef {import("./types.js").Answer} Answer
 * @typedef {import("./types.js").ModelDescription} ModelDescription
 * @typedef {import("./types.js").Payload} Payload
 * @typedef {import("./types.js").QualityRecord} QualityRecord
 */

/** The header by which a consumer names itself while credentials are off. */
const CONSUMER_HEADER = "hallmark-consumer";

/** Why there is no answer: the error body of the REST interface, or what the page itself found. */
export class ApiError extends Error {
  /**
   * @param {{message: string, code?: string, reason?: string, field?: string, expected?: string, got?: string}} error
   * @param {{status?: number, predictionId?: string}} [context] HTTP status, 0 where none came.
   */
  constructor(error, { status = 0, predictionId = "" } = {}) {
    super(error.message);
    this.code = error.code ?? "";
    this.reason = error.reason ?? "";
    this.field = error.field ?? "";
    this.expected = error.expected ?? "";
    this.got = error.got ?? "";
    this.status = status;
    this.predictionId = predictionId;
  }
}

/** @returns {Promise<ModelDescription[]>} */
export async function listModels() {
  return (await request("/v1/models")).models ?? [];
}

/**
 * @param {{model?: string, consumer?: string, pageSize?: number}} filter
 * @returns {Promise<QualityRecord[]>} newest first
 */
export async function listRecords({ model = "", consumer = "", pageSize = 50 } = {}) {
  const query = recordQuery({ model, consumer, page_size: String(pageSize) });
  return (await request(`/v1/records?${query}`)).records ?? [];
}

/**
 * @param {string} predictionId
 * @returns {Promise<QualityRecord>}
 */
export async function getRecord(predictionId) {
  return request(recordUrl(predictionId));
}

/** @param {string} predictionId */
export function recordUrl(predictionId) {
  return `/v1/records/${encodeURIComponent(predictionId)}`;
}

/** @param {string} predictionId */
export function recordPage(predictionId) {
  return `/records/${encodeURIComponent(predictionId)}`;
}

/** @param {{model?: string, consumer?: string}} filter */
export function watchUrl({ model = "", consumer = "" }) {
  const query = recordQuery({ model, consumer });
  return `/v1/records:watch${query ? `?${query}` : ""}`;
}

/**
 * One prediction.
 * @param {string} model
 * @param {Payload} payload
 * @param {string} consumer Empty for anonymous.
 * @returns {Promise<Answer>}
 */
export async function predict(model, payload, consumer) {
  const headers = new Headers(consumer ? { [CONSUMER_HEADER]: headerValue(consumer) } : {});
  /** @type {BodyInit} */
  let body;
  if ("image" in payload) {
    body = new FormData();
    body.append("image", payload.image, payload.filename);
  } else {
    body = JSON.stringify(payload.json);
    headers.set("content-type", "application/json");
  }
  return request(`/v1/models/${encodeURIComponent(model)}:predict`, { method: "POST", headers, body });
}

/** @param {string} consumer */
function headerValue(consumer) {
  if (/^[\x20-\x7e]+$/.test(consumer)) return consumer;
  throw new ApiError({
    message: "A consumer name is made of plain ASCII letters, digits and signs.",
    field: CONSUMER_HEADER,
  });
}

/** @param {Record<string, string>} filter */
function recordQuery(filter) {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== "")).toString();
}

/**
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<any>}
 */
async function request(url, init) {
  let response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new ApiError({ message: "The server cannot be reached. Is it running?", code: "UNREACHABLE" });
  }
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  const error = body?.error ?? { message: `The server answered with HTTP ${response.status}.` };
  throw new ApiError(error, { status: response.status, predictionId: body?.prediction_id ?? "" });
}
