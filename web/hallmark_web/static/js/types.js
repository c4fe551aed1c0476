/**
 * Shapes of the JSON that the REST interface speaks; field names and units are those of protos/hallmark.
 *
 * @typedef {object} Column A column of a table input.
 * @property {string} name
 * @property {"number"|"integer"|"category"|"boolean"|"text"} dtype
 * @property {string} [description]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {string[]} [categories]
 * @property {boolean} [nullable]
 * @property {string} [unit]
 *
 * @typedef {object} ModelDescription What a model takes and gives.
 * @property {string} name
 * @property {string} [title]
 * @property {string} [description]
 * @property {string} default_version
 * @property {"image"|"table"|"tensor"} input_kind
 * @property {"classes"|"probability"|"number"|"raw"} output_kind
 * @property {Column[]} [columns]
 * @property {string[]} [labels]
 * @property {{name: string, datatype: string, shape: (number|string)[]}[]} [tensors]
 * @property {string} [example_json]
 * @property {string} [negative_label] What the event not happening is called.
 * @property {number} [image_width] Width in pixels in which the model sees an image.
 * @property {number} [image_height] Height in pixels in which the model sees an image.
 * @property {number} [threshold] Probability from which the answer is the event, 0 to 1.
 *
 * @typedef {object} Step A measured part of a stage.
 * @property {string} name
 * @property {number} start_ms
 * @property {number} duration_ms
 *
 * @typedef {object} Stage One service that the request went through; times relative to the start of the record.
 * @property {string} name
 * @property {number} duration_ms
 * @property {number} self_ms
 * @property {number} start_ms
 * @property {string} status
 * @property {string} [span_id]
 * @property {Step[]} [steps]
 *
 * @typedef {{field: string, kind: string, count: number}} Violation
 *
 * @typedef {object} ImageQuality
 * @property {number} width
 * @property {number} height
 * @property {string} mode
 * @property {string} format
 * @property {number} brightness 0 to 1
 * @property {number} contrast 0 to 0.5
 * @property {number} sharpness
 *
 * @typedef {object} DataQuality
 * @property {number} instances
 * @property {number} missing_ratio 0 to 1
 * @property {Violation[]} [violations]
 * @property {number|null} [distance] in robust standard deviations
 * @property {ImageQuality|null} [image]
 *
 * @typedef {object} PredictionFacts One instance has label, confidence, entropy, value; several have lists.
 * @property {string} kind
 * @property {number} count
 * @property {string|null} [label]
 * @property {number|null} [confidence] 0 to 1
 * @property {number|null} [entropy] in bits
 * @property {number|null} [value]
 * @property {string[]} [labels]
 * @property {number[]} [confidences]
 * @property {number[]} [entropies]
 * @property {number[]} [values]
 *
 * @typedef {{queue_ms: number, batch_ms: number, compute_ms: number, batch_size: number}} InferenceFacts
 *
 * @typedef {object} Quality The part that a summary and a record share.
 * @property {Stage[]} stages
 * @property {DataQuality|null} [data]
 * @property {PredictionFacts|null} [prediction]
 * @property {InferenceFacts|null} [inference]
 *
 * @typedef {object} RecordFacts What a record has beside its quality.
 * @property {string} prediction_id
 * @property {string} trace_id
 * @property {string} consumer
 * @property {string} model
 * @property {string} version
 * @property {string} variant
 * @property {string} event_time RFC 3339
 * @property {string} started_at RFC 3339
 * @property {number|null} duration_ms
 * @property {string} status gRPC status name
 * @property {string} [reason]
 * @property {boolean} complete
 * @property {string[]} missing_stages
 * @property {string} [entry_stage]
 * @property {Record<string, unknown>[]} [instances]
 * @property {{value: string, observed_at: string}|null} [truth]
 * @property {{contract: string, rule: string, verdict: string, stage: string}[]} [verdicts]
 *
 * @typedef {Quality & RecordFacts} QualityRecord
 *
 * @typedef {object} Answer The answer to a prediction.
 * @property {object|object[]} prediction
 * @property {string} prediction_id
 * @property {string} trace_id
 * @property {{name: string, version: string, variant: string}} model
 * @property {Quality} quality
 *
 * @typedef {{image: Blob, filename: string}|{json: object}} Payload What is POSTed.
 *
 * @typedef {object} Input The part of the form that belongs to one kind of input.
 * @property {HTMLElement} node
 * @property {() => Promise<Payload>} read Throws ApiError where there is nothing to send.
 * @property {(field: string, sentence: string) => boolean} showError Whether the field is one of this input's.
 * @property {() => void} clearErrors
 * @property {() => void} dispose
 */

export {};
