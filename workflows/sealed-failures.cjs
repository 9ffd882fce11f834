// CommonJS, since Temporal's SDK loads it by require, on Node 20 too, where that takes no other.
const { DefaultFailureConverter } = require('@temporalio/common');

/** Puts messages and stacks of failures into payloads, which a codec seals. */
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
