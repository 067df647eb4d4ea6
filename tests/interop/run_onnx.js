// run_onnx.js MODEL.onnx CHUNKS: reads rows of token ids, one stream a line, from standard input,
// feeds them, or their one-hot vectors where it reads numbers, to the model as one batch, in so many
// pieces, carrying the states from piece to piece, and prints the logits (T, B, V), or outputs, as
// JSON. The last states of a model without a head must be its outputs.
const fs = require("fs");
const ort = require("onnxruntime-node");

function piece(streams, first, last) {
  const data = [];
  for (let t = first; t < last; t++) for (const stream of streams) data.push(BigInt(stream[t]));
  return new ort.Tensor("int64", BigInt64Array.from(data), [last - first, streams.length]);
}

function vectors(streams, first, last, width) {
  const data = new Float32Array((last - first) * streams.length * width);
  for (let t = first, row = 0; t < last; t++)
    for (const stream of streams) data[row++ * width + stream[t]] = 1;
  return new ort.Tensor("float32", data, [last - first, streams.length, width]);
}

function zeros(shape, batch) {
  const sizes = shape.map((size) => (size === "B" ? batch : size));
  const count = sizes.reduce((a, b) => a * b, 1);
  return new ort.Tensor("float32", new Float32Array(count), sizes);
}

// Outputs (T, B, D*H), and of the top layer's states (D, B, H) which are the forward direction's at the
// last step and the reverse one's at the first.
function checkStates(y, states) {
  const [directions, batch, hidden] = states.dims;
  for (let d = 0; d < directions; d++)
    for (let b = 0; b < batch; b++)
      for (let j = 0; j < hidden; j++) {
        const t = d ? 0 : y.dims[0] - 1;
        const output = y.data[(t * batch + b) * directions * hidden + d * hidden + j];
        const state = states.data[(d * batch + b) * hidden + j];
        if (state !== output) throw new Error(`direction ${d}: state ${state}, output ${output}`);
      }
}

async function main(model, chunks) {
  const lines = fs.readFileSync(0, "utf8").trim().split("\n");
  const streams = lines.map((line) => line.split(" ").map(Number));
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  const numbers = session.inputMetadata.find((input) => input.name === "x");
  const feeds = {};
  for (const input of session.inputMetadata)
    if (/_in_/.test(input.name)) feeds[input.name] = zeros(input.shape, streams.length);
  const length = streams[0].length;
  const logits = [];
  for (let i = 0; i < chunks; i++) {
    const [first, last] = [i, i + 1].map((n) => Math.floor((n * length) / chunks));
    if (numbers) feeds.x = vectors(streams, first, last, numbers.shape[2]);
    else feeds.ids = piece(streams, first, last);
    const results = await session.run(feeds);
    logits.push(...(results.logits || results.y).data);
    if (results.y) {
      const top = session.outputNames.filter((name) => name.startsWith("h_out_l")).length - 1;
      checkStates(results.y, results[`h_out_l${top}`]);
    }
    for (const name of session.outputNames)
      if (/_out_/.test(name)) feeds[name.replace("_out_", "_in_")] = results[name];
  }
  console.log(JSON.stringify(logits));
}

main(process.argv[2], Number(process.argv[3]));
