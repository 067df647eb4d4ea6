// onnxruntime, one stream, a token at a time, greedily: node peer_streams.js MODEL.onnx LAYERS HIDDEN
// THREADS SECONDS. Prints tokens per second: the median of runs of 20 tokens, as recur bench does.
const ort = require('onnxruntime-node');
const [file, layers, hidden, threads, seconds] = [process.argv[2], ...process.argv.slice(3).map(Number)];

async function main() {
  const session = await ort.InferenceSession.create(file, {intraOpNumThreads: threads, interOpNumThreads: 1});
  const state = () => new ort.Tensor('float32', new Float32Array(layers * hidden), [layers, 1, hidden]);
  const feed = {x: new ort.Tensor('int64', new BigInt64Array(1), [1, 1]), h: state(), c: state()};
  if (!session.inputNames.includes('c')) delete feed.c;
  const step = async () => {
    const out = await session.run(feed);
    feed.h = out.h2;
    if (feed.c) feed.c = out.c2;
    const logits = out.y.data;
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    feed.x = new ort.Tensor('int64', BigInt64Array.from([BigInt(best)]), [1, 1]);
  };
  for (let i = 0; i < 200; i++) await step();
  const speeds = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    const start = performance.now();
    for (let i = 0; i < 20; i++) await step();
    speeds.push(20000 / (performance.now() - start));
  }
  speeds.sort((a, b) => a - b);
  console.log(speeds[speeds.length >> 1]);
}

main();
