// run_openai.js ADDRESS [KEY]: asks a server with the openai package as its users do, and prints what
// came as one JSON object. Its own tests of shapes are those of the package: nothing is set but the
// address.
const OpenAI = require("openai");

async function completions(client, body) {
  const whole = await client.completions.create(body);
  const usage = { include_usage: true };
  const events = await client.completions.create({ ...body, stream: true, stream_options: usage });
  let text = "", last, counted;
  for await (const event of events) {
    for (const choice of event.choices) {
      text += choice.text;
      last = choice.finish_reason ?? last;
    }
    counted = event.usage ?? counted;
  }
  return { whole, streamed: { text, finish_reason: last, usage: counted } };
}

async function broken(client, body) {
  const events = await client.completions.create({ ...body, max_tokens: 4000, stream: true });
  for await (const event of events) {
    events.controller.abort();
    return event.object;
  }
}

async function failure(call) {
  try {
    await call;
  } catch (error) {
    return { name: error.constructor.name, status: error.status, code: error.code, param: error.param, type: error.type };
  }
}

async function main(address, key) {
  const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: key ?? "none", maxRetries: 0 });
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  const model = models[0];
  const body = { model, prompt: "The ", max_tokens: 40, seed: 3, temperature: 0.8, logprobs: 2, stop: ["qq"] };
  const wrong = new OpenAI({ baseURL: `${address}/v1`, apiKey: "wrong", maxRetries: 0 });
  return {
    models,
    model: await client.models.retrieve(model),
    completions: await completions(client, body),
    several: (await client.completions.create({ ...body, prompt: ["The ", "A"], n: 2 })).choices.length,
    embedding: (await client.embeddings.create({ model, input: "The " })).data[0].embedding,
    plain: (await client.embeddings.create({ model, input: "The ", encoding_format: "float" })).data[0].embedding,
    broken: await broken(client, body),
    failures: {
      model: await failure(client.completions.create({ ...body, model: "other" })),
      value: await failure(client.completions.create({ ...body, temperature: -1 })),
      chat: await failure(client.chat.completions.create({ model, messages: [] })),
      key: key ? await failure(wrong.models.list()) : undefined,
    },
  };
}

main(...process.argv.slice(2)).then(
  (result) => console.log(JSON.stringify(result)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
