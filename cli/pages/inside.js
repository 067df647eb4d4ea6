/* Paints over a text how surprising its tokens were and what a layer's units did at them. */
"use strict";
let read = null;  /* what the layer made of the text: /v1/activations */
let unit = null;  /* the same of one unit, with its gates */
let chance = null; /* the tokens' probabilities; null where the model does not continue texts */
let asking = null;
let row = null;

/* What units may react to: a number for each token. */
const REACTIONS = {
  position: (tokens) => {
    let column = 0;
    return tokens.map((token) => (token.includes("\n") ? column = 0 : column++));
  },
  quotes: (tokens) => {
    let inside = false;
    return tokens.map((token) => {
      for (const sign of token)
        if (sign === '"') inside = !inside;
        else if (sign === "“" || sign === "”") inside = sign === "“";
        else if (sign === "\n" && token === "\n") inside = false;
      return inside ? 1 : 0;
    });
  },
  spaces: (tokens) => tokens.map((token) => (/^\s+$/.test(token) ? 1 : 0)),
  ends: (tokens) => tokens.map((token, i) => (/\p{L}$/u.test(token) && !/^[\p{L}'’]/u.test(tokens[i + 1] || " ") ? 1 : 0)),
  digits: (tokens) => tokens.map((token) => (/\d/.test(token) ? 1 : 0)),
  capitals: (tokens) => tokens.map((token) => (/\p{Lu}/u.test(token) ? 1 : 0)),
};

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/* Pearson's correlation of two rows of numbers; 0 where one of them is constant. */
function correlation(a, b) {
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0, aa = 0, bb = 0;
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i] - mb);
    aa += (value - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  });
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

const stateOf = (j) => read.states.map((state) => state[j]);

/* Units in order: [[number, value], ...]. */
function ranking() {
  const reaction = REACTIONS[$("rank").value];
  const wanted = reaction ? reaction(read.tokens) : null;
  const spread = (values) => Math.sqrt(mean(values.map((value) => value ** 2)) - mean(values) ** 2) || 0;
  const ranked = range(read.units).map((j) => [j, wanted ? correlation(stateOf(j), wanted) : spread(stateOf(j))]);
  return ranked.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}

function showRanking() {
  const best = ranking();
  const some = best.length > 0 && best[0][1] !== 0;
  $("about").textContent = word(some ? ($("rank").value === "activity" ? "aboutActivity" : "aboutRank") : "nothing");
  $("ranked").replaceChildren(...(some ? best.slice(0, 12) : []).map(([j, value]) => {
    const button = el("button", { type: "button", ariaPressed: String(j === Number($("unit").value) && $("colour").value !== "surprise") },
      el("span", {}, `${word("unit")} ${j}`), el("span", {}, number(value, 2)));
    button.addEventListener("click", () => choose(j));
    return el("li", {}, button);
  }));
}

function choose(j) {
  $("unit").value = j;
  if ($("colour").value === "surprise") $("colour").value = "state";
  askUnit();
}

/* The state of all units as a picture. */
function showState() {
  const state = read.states[read.states.length - 1];
  const columns = Math.ceil(Math.sqrt(state.length * 2));
  const strongest = state.reduce((best, value, j) => (Math.abs(value) > Math.abs(state[best]) ? j : best), 0);
  const picture = heat(word("grid", state.length, number(Math.min(...state), 2), number(Math.max(...state), 2), strongest), state, columns);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const j = Math.floor((event.clientY - box.top) / box.height * picture.height) * columns + Math.floor((event.clientX - box.left) / box.width * columns);
    if (j < state.length) choose(j);
  });
  $("state").replaceChildren(picture, el("p", { className: "soft" }, picture.ariaLabel));
}

/* What is painted: a value from −1 to 1 for each token, or null, and what it means. */
function colours() {
  const kind = $("colour").value;
  if (kind === "surprise" && chance) {
    const known = chance.token_logprobs.filter((value) => value !== null);
    const loss = known.length ? -mean(known) : 0;
    return [chance.token_logprobs.map(surprise), word("legendSurprise", number(loss, 2), number(Math.exp(loss), 1))];
  }
  if (kind === "state" && unit) {
    const most = Math.max(1, ...unit.state.map(Math.abs));
    return [unit.state.map((value) => value / most), word("legendUnit", unit.unit)];
  }
  if (unit && unit.gates[kind]) {
    const most = kind === "c" ? Math.max(1e-9, ...unit.gates.c.map(Math.abs)) : 1;
    const signed = ["c", "g", "n"].includes(kind);
    return [unit.gates[kind].map((value) => value / most),
      kind === "c" ? word("legendCell", unit.unit, number(most, 2)) : word(signed ? "legendUnit" : "legendGate", unit.unit)];
  }
  return [read.tokens.map(() => null), ""];
}

function paint() {
  const [values, legend] = colours();
  values.forEach((value, i) => i < row.items.length && row.paint(i, value));
  $("legend").textContent = legend;
  if (row.at >= 0) row.choose(row.at);
}

function showChosen(at) {
  const parts = [];
  if (unit && $("colour").value !== "surprise") {
    const numbers = [["state", unit.state], ...Object.entries(unit.gates)].map(([name, values]) => [name === "state" ? word("stateName") : name, values[at]]);
    parts.push(bars(word("numbersOf", unit.unit, spoken(unit.tokens[at])), numbers.map(([name, value]) => [name, Math.abs(value), number(value)]),
      Math.max(1, ...numbers.map(([, value]) => Math.abs(value)))));
  }
  if (chance) parts.push(...alternatives(chance.tokens[at], chance.token_logprobs[at], chance.top_logprobs[at]));
  $("chosen").replaceChildren(...parts);
}

/* Choices that depend on the model: layers, and gates of the cell. */
function showChoices() {
  const model = chosenModel();
  if (!model) return;
  const kept = [$("layer").value, $("colour").value, $("rank").value];
  const gates = { lstm: ["i", "f", "g", "o", "c"], gru: ["r", "z", "n"], "gru-reset-before": ["r", "z", "n"],
    "ln-lstm": ["i", "f", "g", "o", "c"], "ln-gru": ["r", "z", "n"] };
  const fill = (id, options, value) => {
    $(id).replaceChildren(...options.map(([key, name]) => el("option", { value: key }, name)));
    $(id).value = options.some(([key]) => String(key) === value) ? value : options[0][0];
  };
  fill("layer", range(model.layers).map((l) => [l, l + 1]).reverse(), kept[0]);
  fill("colour", [...(model.endpoints.includes("/v1/completions") ? [["surprise", word("surprise")]] : []), ["state", word("unitState")],
    ...(model.bidirectional ? [] : gates[model.cell] || []).map((gate) => [gate, gate === "c" ? word("cell") : word("gate", gate)])], kept[1]);
  fill("rank", ["activity", ...Object.keys(REACTIONS)].map((name) => [name, word(name)]), kept[2]);
}

function show() {
  $("text").setAttribute("aria-label", word("row"));
  showChoices();
  if (!read) return;
  showRanking();
  showState();
  paint();
}

async function askUnit() {
  const j = Math.max(0, Math.min(read.units - 1, Math.trunc(Number($("unit").value)) || 0));
  $("unit").max = read.units - 1;
  const asked = { input: $("input").value, model: read.model, layer: read.layer, unit: j };
  const said = await asks("v1/activations", asked, asking.signal);
  if (!said) return;
  unit = said;
  showRanking();
  paint();
}

/* Asks anew for everything. */
async function ask() {
  if (asking) asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const text = $("input").value;
  const model = chosenModel();
  if (!model) return;
  if (text === "") return say(() => ""); /* what was asked before is aborted */
  const said = await asks("v1/activations", { input: text, model: model.id, layer: Number($("layer").value) }, signal);
  if (!said) return;
  let scored = null;
  if (model.endpoints.includes("/v1/completions"))
    scored = await asks("v1/completions", { prompt: text, model: model.id, max_tokens: 0, echo: true, logprobs: 5 }, signal);
  if (signal.aborted) return;
  read = said;
  chance = scored && scored.choices[0].logprobs;
  unit = null;
  row.clear();
  const space = model.tokens === "word" ? " " : "";
  read.tokens.forEach((token, i) => row.set(i, token + space, token));
  row.at = -1;
  showState();
  await askUnit();
}

/* Asks when nobody has typed for a moment. */
let timer = 0;
function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, 150);
}

row = new TokenRow($("text"), showChosen);
$("ask").addEventListener("submit", (event) => event.preventDefault());
$("input").addEventListener("input", soon);
$("layer").addEventListener("change", ask);
$("model").addEventListener("change", () => {
  showChoices();
  ask();
});
$("unit").addEventListener("input", () => read && choose(Number($("unit").value)));
$("colour").addEventListener("change", () => read && (showRanking(), paint()));
$("rank").addEventListener("change", () => read && showRanking());
begin(show);
$("input").value = word("example");
chooseModel("/v1/activations", () => {
  showChoices();
  return ask();
});
