// run_onnx.js MODEL.onnx CHUNKS: reads rows of token ids, one stream a line, from standard input,
// feeds them to the model as one batch, in so many pieces, carrying the states from piece to piece,
// and prints the logits (T, B, V) as JSON.
const fs = require("fs");
const ort = require("onnxruntime-node");

function piece(streams, first, last) {
  const data = [];
  for (let t = first; t < last; t++) for (const stream of streams) data.push(BigInt(stream[t]));
  return new ort.Tensor("int64", BigInt64Array.from(data), [last - first, streams.length]);
}

function zeros(shape, batch) {
  const sizes = shape.map((size) => (size === "B" ? batch : size));
  const count = sizes.reduce((a, b) => a * b, 1);
  return new ort.Tensor("float32", new Float32Array(count), sizes);
}

async function main(model, chunks) {
  const lines = fs.readFileSync(0, "utf8").trim().split("\n");
  const streams = lines.map((line) => line.split(" ").map(Number));
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
  const feeds = {};
  for (const input of session.inputMetadata)
    if (input.name !== "ids") feeds[input.name] = zeros(input.shape, streams.length);
  const length = streams[0].length;
  const logits = [];
  for (let i = 0; i < chunks; i++) {
    const [first, last] = [i, i + 1].map((n) => Math.floor((n * length) / chunks));
    feeds.ids = piece(streams, first, last);
    const results = await session.run(feeds);
    logits.push(...results.logits.data);
    for (const name of session.outputNames)
      if (name !== "logits") feeds[name.replace("_out_", "_in_")] = results[name];
  }
  console.log(JSON.stringify(logits));
}

main(process.argv[2], Number(process.argv[3]));
