/* How it works: shows what `recur explain --json` computed (docs/formats.md#explanations). Texts of users become text
 * nodes alone. The data stand in the page, or are asked for at explain.json. */
"use strict";
let data = null;
const tokenOf = (id) => sign((data.dictionary.entries[id] || { token: `#${id}` }).token);

/* Rows of numbers: [[head, numbers], ...]. */
function numbers(label, heads, rows) {
  const most = Math.max(...rows.flatMap(([, row]) => row.map(Math.abs)));
  return scrolls(label, el("table", { className: "numbers" },
    el("caption", {}, label),
    el("thead", {}, el("tr", {}, el("td"), heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, rows.map(([head, row]) => el("tr", {}, el("th", { scope: "row" }, head),
      row.map((value) => el("td", { style: { backgroundColor: tint(most > 0 ? value / most : 0) } }, number(value))))))));
}

const chips = (items) => el("ul", { className: "chips" }, items.map(([token, below]) =>
  el("li", { className: "chip" }, sign(token), below === undefined ? null : el("small", {}, below))));

/* A control that draws again what depends on it: `draw` gets the chosen number. */
function slider(label, count, first, draw) {
  const view = el("div", { ariaLive: "polite" });
  const shown = el("output", {}, first);
  const input = el("input", { type: "range", min: 0, max: count - 1, step: 1, value: first });
  input.addEventListener("input", () => {
    shown.textContent = input.value;
    view.replaceChildren(...draw(Number(input.value)));
  });
  view.replaceChildren(...draw(first));
  return [el("div", { className: "control" }, el("label", {}, label, input, shown)), view];
}

/* A tensor as a picture. */
function matrix(tensor) {
  const [rows, columns] = tensor.shape.length > 1 ? tensor.shape : [1, tensor.shape[0]];
  /* Too many numbers for the arguments of Math.max. */
  const least = tensor.before.reduce((a, b) => Math.min(a, b), Infinity), greatest = tensor.before.reduce((a, b) => Math.max(a, b), -Infinity);
  return heat(word("heat", tensor.name, rows, columns, number(least), number(greatest)), tensor.before, columns);
}

/* The text with the places of a minibatch's sequences. */
function strip(kept) {
  const line = data.text.first_lines[0] || { tokens: [], ids: [] };
  const place = new Map();
  kept.position.forEach((row) => row.forEach((at, b) => place.set(at, b % 4)));
  return el("p", { className: "strip" }, line.tokens.slice(0, 400).map((token, i) =>
    el("span", { className: place.has(i) ? `s${place.get(i)}` : "" },
      data.settings.tokens === "word" ? `${token} ` : sign(token))));
}

function sequences(kept) {
  return range(data.settings.batch).map((b) => {
    const row = (head, cells) => el("tr", {}, el("th", { scope: "row" }, head), cells.map((cell) => el("td", {}, cell)));
    return scrolls(`${word("sequence")} ${b}`, el("table", { className: "sequence" },
      el("caption", {}, `${word("sequence")} ${b}`),
      el("tbody", { className: `s${b % 4}` },
        row("X", kept.x_tokens.map((t) => sign(t[b]))), row(word("id"), kept.x.map((t) => t[b])),
        row("Y", kept.y_tokens.map((t) => sign(t[b]))), row(word("id"), kept.y.map((t) => t[b])))));
  });
}

function sampling(name) {
  const { count, first } = data.minibatches[name];
  return el("div", {}, el("h3", {}, word(name)), data.text.lines === 1 ? strip(first[0]) : null,
    first.map((kept, m) => [el("p", {}, word("minibatch", m + 1, count)), sequences(kept)]));
}

function oneHot() {
  const line = data.text.first_lines[0] || { tokens: [], ids: [] };
  const V = data.dictionary.size;
  const rows = line.ids.slice(0, 8);
  if (V > 64) return [chips(rows.map((id, i) => [line.tokens[i], `1: ${id} / ${V}`]))];
  return [scrolls(word("stages")["one-hot"][0], el("table", { className: "hot" }, el("tbody", {}, rows.map((id, i) =>
    el("tr", {}, el("th", { scope: "row" }, `${sign(line.tokens[i])} ${id}`),
      range(V).map((v) => el("td", { className: v === id ? "on" : "" }, v === id ? 1 : 0)))))))];
}

function shapes() {
  const { batch: B, steps: T, hidden, embedding: E } = data.settings;
  const V = data.dictionary.size;
  const way = WORDS[language].way;
  const rows = [[way.x, "(T, B)", [T, B]], [way.hot, "(T, B, V)", [T, B, V]]];
  if (E) rows.push([way.embedding, "(T, B, E)", [T, B, E]]);
  hidden.forEach((H) => rows.push([way.h, "(T, B, H)", [T, B, H]]));
  rows.push([way.logits, "(T·B, V)", [T * B, V]], [way.loss, "()", []]);
  return [el("ol", { className: "way" }, rows.map(([name, letters, sizes]) => el("li", {},
    el("b", {}, name), `(${sizes.join(", ")}) `, el("span", { className: "letters" }, letters))))];
}

/* What one step computes, row by row. */
function stepRows(t) {
  const { gates, sum, gate, recurrent } = data.step;
  const layer = data.forward.layers[0];
  const lstm = data.settings.cell === "lstm";
  const rows = [["h′", layer.h[t][0]]];
  if (lstm) rows.push(["c′", layer.c[t][0]]);
  gates.forEach((name, g) => {
    if (data.settings.cell === "rnn") {
      rows.push(["x Wᵀ + b", sum[t][g].map((a, j) => a - recurrent[t][g][j])], ["h′ Wᵀ + b", recurrent[t][g]], ["a", sum[t][g]]);
    } else {
      rows.push([`a_${name}`, sum[t][g]], [name, gate[t][g]]);
    }
  });
  if (lstm) rows.push(["c", layer.c[t + 1][0]]);
  rows.push(["h", layer.h[t + 1][0]]);
  return rows;
}

const units = (count) => range(count).map((j) => `${word("unit")} ${j}`);

function step() {
  return slider(`${word("step")} t`, data.settings.steps, Math.min(1, data.settings.steps - 1), (t) =>
    [numbers(`t = ${t}: x = ${tokenOf(data.forward.x[t][0])}`, units(data.settings.hidden[0]), stepRows(t))]);
}

function state() {
  const last = data.forward.layers.length - 1;
  return slider(word("sequence"), data.settings.batch, 0, (b) => [numbers(`${word("sequence")} ${b}`,
    units(data.settings.hidden[last]), range(data.settings.steps).map((t) =>
      [`t=${t} ${tokenOf(data.forward.x[t][b])}`, data.forward.layers[last].h[t + 1][b]]))]);
}

function logits() {
  return slider(`${word("step")} t`, data.settings.steps, data.settings.steps - 1, (t) => {
    const p = data.forward.probability[t][0];
    const target = data.forward.y[t][0];
    const best = range(p.length).sort((a, b) => p[b] - p[a]).slice(0, 8);
    if (!best.includes(target)) best.push(target);
    return [bars(`t = ${t}: x = ${tokenOf(data.forward.x[t][0])}, ${word("target")} ${tokenOf(target)}`,
      best.map((id) => [tokenOf(id), p[id], number(p[id]), id === target]))];
  });
}

function loss() {
  const rows = range(data.settings.steps).map((t) => {
    const p = data.forward.probability[t][0][data.forward.y[t][0]];
    return [`t=${t}  ${tokenOf(data.forward.x[t][0])} → ${tokenOf(data.forward.y[t][0])}`, -Math.log(p), number(-Math.log(p))];
  });
  rows.push(["ln V", data.forward.ln_V, number(data.forward.ln_V), true]);
  return [bars("−ln p", rows)];
}

function gradients() {
  const box = el("input", { type: "checkbox" });
  const view = el("div", { ariaLive: "polite" });
  const draw = () => view.replaceChildren(...data.backward.layers.flatMap((norms, l) => {
    const values = norms.last_loss.h;
    const least = Math.min(...values.filter((value) => value > 0));
    const length = (value) => !box.checked ? value : value > 0 ? Math.log10(value / least) + 0.3 : 0;
    return [bars(word("layer", l + 1), range(values.length).reverse().map((t) =>
      [t ? `H_${t - 1}` : word("start"), length(values[t]), `${values[t].toExponential(2)}`]))];
  }));
  box.addEventListener("change", draw);
  draw();
  return [el("div", { className: "control" }, el("label", {}, box, word("scale"))), view];
}

function clipping() {
  const rows = data.network.tensors.map((tensor) => [tensor.name, tensor.gradient_norm, number(tensor.gradient_norm)]);
  rows.push([`n, ${word("together")}`, data.backward.norm, number(data.backward.norm), true],
    [word("clipped"), data.backward.norm_after, number(data.backward.norm_after), true]);
  return [bars("‖g‖", rows)];
}

function update() {
  const moves = data.network.tensors.flatMap((tensor) => tensor.after.map((after, i) =>
    ({ name: `${tensor.name}[${i}]`, before: tensor.before[i], gradient: tensor.gradient[i], after })));
  moves.sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
  return [numbers(word("stages").update[0], [`p ${word("before")}`, "g", `g ${word("clipped")}`, `p ${word("after")}`],
    moves.slice(0, 6).map((move) => [move.name,
      [move.before, move.gradient, move.gradient * data.backward.scale, move.after]]))];
}

function training() {
  const losses = data.training.loss;
  if (losses.length === 0) return [];
  const shown = Math.min(80, losses.length);
  const most = Math.max(...losses, data.forward.ln_V);
  const label = word("curve", number(losses[0]), number(losses[losses.length - 1]), losses.length, number(data.forward.ln_V));
  return [el("div", { className: "columns", role: "img", ariaLabel: label },
    range(shown).map((i) => el("i", { style: {
      height: `${100 * losses[Math.floor(i * (losses.length - 1) / Math.max(1, shown - 1))] / most}%` } })),
    el("span", { className: "level", style: { bottom: `${100 * data.forward.ln_V / most}%` } })), el("p", {}, label)];
}

function prediction() {
  const { untrained, trained } = data.prediction;
  return [["untrained", untrained], ["trained", trained]].flatMap(([key, guess]) => [el("h3", {}, word(key)),
    el("div", { className: "line" }, guess.text),
    bars(word("probability"), guess.next.map((next) => [sign(next.token), next.probability, number(next.probability)]), 1)]);
}

const entries = () => data.dictionary.entries;
const VIEWS = {
  lines: () => data.text.first_lines.map((line) => el("div", { className: "line" }, line.text)),
  cleaning: () => data.settings.clean === "none" ? [] : data.text.first_lines.map((line) => el("div", { className: "line" }, line.cleaned)),
  tokens: () => data.text.first_lines.map((line) => chips(line.tokens.slice(0, 120).map((token) => [token]))),
  counts: () => [bars(word("count"), entries().slice(1, 13).map((entry) => [sign(entry.token), entry.count, entry.count]))],
  dictionary: () => [chips(entries().slice(0, 80).map((entry) => [entry.token, entry.id]))],
  ids: () => data.text.first_lines.map((line) => chips(line.tokens.slice(0, 120).map((token, i) => [token, line.ids[i]]))),
  "one-hot": oneHot,
  minibatches: () => [el("div", { className: "two" }, sampling("sequential"), sampling("random"))],
  network: () => [el("div", { className: "tensors" }, data.network.tensors.map((tensor) => el("div", {},
    el("h3", {}, `${tensor.name} (${tensor.shape.join(", ")})`),
    matrix(tensor))))],
  shapes, step, state, logits, loss, gradients, clipping, update, training, prediction,
};

function section(stage, next) {
  const [title, text] = WORDS[language].stages[stage.name];
  return el("section", { id: stage.name, ariaLabel: title },
    el("h2", { id: `title-${stage.name}`, tabIndex: -1 }, title),
    el("div", { className: "source" }, word("source"), stage.source),
    el("p", {}, text(data)),
    stage.equation ? el("div", { className: "equation" }, stage.equation.replace(/ {8}/g, "\n")) : null,
    VIEWS[stage.name](),
    next ? el("p", { className: "next" }, el("a", { href: `#${next.name}` }, word("next") + WORDS[language].stages[next.name][0])) : null);
}

function show() {
  $("contents").setAttribute("aria-label", word("contents"));
  if (!data) return;
  const stages = data.stages.filter((stage) => VIEWS[stage.name]);
  $("contents").replaceChildren(el("ol", {}, stages.map((stage) => el("li", {},
    el("a", { href: `#${stage.name}` }, WORDS[language].stages[stage.name][0])))));
  $("stages").replaceChildren(...stages.map((stage, i) => section(stage, stages[i + 1])));
  watch();
}

/* Marks the stage that is being read. */
let watcher = null;
function watch() {
  if (watcher) watcher.disconnect();
  watcher = new IntersectionObserver((seen) => {
    const at = seen.find((entry) => entry.isIntersecting);
    if (!at) return;
    for (const link of $("contents").querySelectorAll("a"))
      if (link.hash === `#${at.target.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
  }, { rootMargin: "-10% 0px -80% 0px" });
  for (const part of $("stages").children) watcher.observe(part);
}

async function explain() {
  const question = { text: $("text").value, tokens: $("tokens").value, cell: $("cell").value,
    hidden: [Number($("hidden").value)], clip: Number($("clip").value) };
  if ($("steps").value) question.steps = Number($("steps").value);
  const said = await asks("explain.json", question);
  if (!said) return;
  data = said;
  show();
}

const inside = $("data");
if (inside) data = JSON.parse(inside.textContent);
$("ask").hidden = Boolean(inside);
$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  explain();
});
begin(show, !inside);
if (!inside) explain();
