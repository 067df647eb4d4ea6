/* Continues a prompt, token by token, and shows what each token was chosen from. */
"use strict";
const WORDS = {
  en: {
    title: "Continue a text", skip: "To the prompt", prompt: "Prompt", tokens: "Tokens to make", temperature: "Temperature", topK: "Top-k",
    intro: "Type the beginning of a text. The network reads it, then writes on: at each step it has a probability for every token, one of them is drawn, and the network reads that. Choose a token to see what it was drawn from.",
    topP: "Top-p", minP: "Min-p", stop: "Stop at (\\n: line feed)", seed: "Seed (empty: a new one)", write: "Write", on: "Go on", end: "Stop",
    none: "No model here continues texts.",
    alternatives: "“{0}”: probability {1}, surprise {2} nats; of the model itself, before temperature and filters",
    done: "{0} tokens, seed {1}; the end: {2}", length: "as many as were asked for", stopped: "the text to stop at",
    broken: "you stopped it", made: "{0} tokens …",
  },
  zh: {
    title: "续写文本", skip: "跳到提示文本", prompt: "提示文本", tokens: "生成的词元数", temperature: "温度", topK: "Top-k",
    intro: "请输入文本的开头。网络读完以后继续往下写：每一步它给每个词元一个概率，从中抽取一个，再把它读进去。选择一个词元，就能看到它是从哪些词元中抽出来的。",
    topP: "Top-p", minP: "Min-p", stop: "停止文本（\\n：换行）", seed: "随机种子（空：新的）", write: "开始写", on: "继续写", end: "停止",
    none: "这里没有能续写文本的模型。",
    alternatives: "“{0}”：概率 {1}，惊异度 {2} 奈特；这是模型本身的概率，未经温度和筛选",
    done: "{0} 个词元，随机种子 {1}；结束原因：{2}", length: "达到要求的数量", stopped: "遇到停止文本",
    broken: "你停止了它", made: "{0} 个词元……",
  },
};

let made = null; /* what came of the last question */
let running = null;
let row = null;

function showChosen(at) {
  $("chosen").replaceChildren(...alternatives(made.tokens[at], made.logprobs[at], made.tops[at]));
}

/* Takes an event's choice. */
function take(choice) {
  const notes = choice.logprobs;
  const before = Math.max(0, made.tokens.length - 1);
  made.chars.push(...choice.text);
  made.tokens.push(...notes.tokens);
  made.logprobs.push(...notes.token_logprobs);
  made.tops.push(...notes.top_logprobs);
  made.offsets.push(...notes.text_offset);
  made.finish = choice.finish_reason || made.finish;
  for (let i = before; i < made.tokens.length; i++) {
    const end = i + 1 < made.tokens.length ? made.offsets[i + 1] : made.chars.length;
    row.set(i, made.chars.slice(made.offsets[i], end).join(""), made.tokens[i], made.offsets[i] < made.promptChars ? "given" : "");
    row.paint(i, surprise(made.logprobs[i]));
  }
  if (!row.held) row.choose(made.tokens.length - 1);
  say(() => word("made", made.tokens.length));
}

/* Reads server-sent events to their end. */
async function readEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const said = event.replace(/^data: /, "");
      if (said === "[DONE]") return;
      const { error, choices, seed } = JSON.parse(said);
      if (error) throw new Error(error.message);
      made.seed = seed;
      choices.forEach(take);
    }
  }
}

function question(prompt) {
  const asked = { prompt, model: $("model").value, max_tokens: Number($("tokens").value), temperature: Number($("temperature").value),
    top_k: Number($("top-k").value), top_p: Number($("top-p").value), min_p: Number($("min-p").value), stream: true, echo: true, logprobs: 10 };
  if ($("stop").value) asked.stop = $("stop").value.replaceAll("\\n", "\n");
  if ($("seed").value) asked.seed = Number($("seed").value);
  return asked;
}

function buttons() {
  $("end").disabled = !running;
  $("on").disabled = Boolean(running) || !made || made.chars.length === 0;
}

async function write(prompt) {
  if (running) running.abort();
  const mine = running = new AbortController();
  made = { chars: [], tokens: [], logprobs: [], tops: [], offsets: [], promptChars: Array.from(prompt).length, seed: "–", finish: null };
  row.clear();
  buttons();
  try {
    await readEvents(await send("v1/completions", question(prompt), mine.signal));
    say(() => word("done", made.tokens.length, made.seed, word(made.finish === "stop" ? "stopped" : "length")));
  } catch (failure) {
    if (running !== mine) return;
    say(() => failure.name === "AbortError" ? word("done", made.tokens.length, made.seed, word("broken")) : word("failed") + failure.message);
  }
  running = null;
  buttons();
}

row = new TokenRow($("text"), showChosen);
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  write($("prompt").value);
});
$("on").addEventListener("click", () => write(made.chars.join("")));
$("end").addEventListener("click", () => running && running.abort());
begin(() => {
  $("text").setAttribute("aria-label", word("row"));
  if (row.at >= 0) row.choose(row.at);
});
chooseModel("/v1/completions");
