/* Runs of a folder while one of them trains: what their logs say, asked for anew where they changed. */
"use strict";
const WORDS = {
  en: {
    title: "Training", skip: "To the run",
    intro: "The run that trains now, and all whose logs are in the same folder. The page follows by itself; it shows the same after a reload.",
    along: "Along", epochs: "epochs", tokens: "tokens", seconds: "seconds of training", logarithmic: "logarithmic", runs: "Runs", samples: "Samples",
    missing: "This recur was built without charts: libjs-chart.js was missing. The numbers are below.",
    perplexity: "Perplexity", loss: "Loss and scores", speed: "Tokens per second", norm: "Gradient norm", rate: "Learning rate",
    training: "training", validation: "validation", accuracy: "accuracy", f1: "F1", before: "before clipping", after: "after clipping",
    epoch: "epoch", minibatch: "minibatch", left: "left", waiting: "The first minibatch is on its way.",
    gone: "The run has ended, or its page cannot be reached: what is shown is how it was last. The page tries again.",
    run: "run", last: "last epoch", shown: "{0}: show it", sampleOf: "epoch {0}", noSamples: "None yet.", now: "trains now",
    chart: "{0} of {1} over {2}; the numbers are in the table below.", options: "options", lossNow: "loss", perplexityNow: "perplexity",
  },
  zh: {
    title: "训练", skip: "跳到训练",
    intro: "正在训练的任务，以及日志在同一文件夹里的所有任务。页面会自动更新；重新加载后显示的内容不变。",
    along: "横轴", epochs: "轮数", tokens: "词元数", seconds: "训练秒数", logarithmic: "对数刻度", runs: "各次训练", samples: "示例",
    missing: "这个 recur 构建时没有图表：缺少 libjs-chart.js。数字见下方。",
    perplexity: "困惑度", loss: "损失与得分", speed: "每秒词元数", norm: "梯度范数", rate: "学习率",
    training: "训练", validation: "验证", accuracy: "准确率", f1: "F1", before: "裁剪前", after: "裁剪后",
    epoch: "轮", minibatch: "小批量", left: "剩余", waiting: "第一个小批量正在计算。",
    gone: "训练已经结束，或者页面无法连接：显示的是最后的状态。页面会再试。",
    run: "训练", last: "最后一轮", shown: "显示 {0}", sampleOf: "第 {0} 轮", noSamples: "还没有。", now: "正在训练",
    chart: "{1} 的{0}，横轴为{2}；数字见下面的表格。", options: "选项", lossNow: "损失", perplexityNow: "困惑度",
  },
};
/* Colours that differ for most people who do not see all of them (Okabe and Ito 2008). */
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
let now = null;     /* /now.json */
let runs = [];      /* /runs.json, each with its notes by epoch */
let version = null; /* that `runs` are of */
const hidden = new Set();
const charts = new Map();

const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const colour = (run) => COLOURS[runs.indexOf(run) % COLOURS.length];
const isLabels = (run) => finite(run.epochs[0].valid_accuracy) !== null;
const short = (run) => run.name.replace(/\.jsonl$/, "");

/* Where each epoch of a run stands on the axis. */
function places(run) {
  const along = $("along").value;
  let sum = 0;
  return run.epochs.map((epoch) => {
    if (along === "epochs") return epoch.epoch;
    return (sum += along === "tokens" ? epoch.tokens_per_second * epoch.seconds : epoch.seconds);
  });
}

/* The curves of a chart: [[name, function of an epoch and its note, dashed], ...]. */
const CHARTS = {
  perplexity: [["training", (epoch) => finite(epoch.perplexity), true], ["validation", (epoch) => finite(epoch.valid_perplexity), false]],
  loss: [["training", (epoch) => finite(epoch.loss), true], ["validation", (epoch) => finite(epoch.valid_loss), false],
    ["accuracy", (epoch) => finite(epoch.valid_accuracy), false], ["f1", (epoch) => finite(epoch.valid_f1), false]],
  speed: [["", (epoch) => finite(epoch.tokens_per_second), false]],
  norm: [["before", (epoch) => finite(epoch.gradient_norm), true], ["after", (epoch, note) => finite(note && note.clipped_norm), false]],
  rate: [["", (epoch) => finite(epoch.lr), false]],
};

function series(name) {
  const wanted = runs.filter((run) => !hidden.has(run.name) && (name === "perplexity" ? !isLabels(run) : name === "loss" ? isLabels(run) : true));
  return wanted.flatMap((run) => {
    const at = places(run);
    return CHARTS[name].map(([curve, value, dashed]) => ({
      label: `${short(run)}${curve ? `, ${word(curve)}` : ""}`,
      data: run.epochs.map((epoch, i) => ({ x: at[i], y: value(epoch, run.notes.get(epoch.epoch)) })).filter((point) => point.y !== null && point.x !== null),
      borderColor: colour(run), backgroundColor: colour(run), borderDash: dashed ? [6, 4] : [], borderWidth: 2, pointRadius: run.epochs.length > 40 ? 0 : 2, tension: 0,
    })).filter((line) => line.data.length > 0);
  });
}

function options(name, lines) {
  const style = getComputedStyle(document.documentElement);
  const soft = style.getPropertyValue("--soft").trim(), line = style.getPropertyValue("--line").trim();
  const axis = (type, title) => ({ type, title: { display: Boolean(title), text: title, color: soft }, grid: { color: line }, ticks: { color: soft, maxTicksLimit: 8 } });
  const logarithmic = $("logarithmic").checked && ["perplexity", "norm"].includes(name);
  return { responsive: true, maintainAspectRatio: false, animation: false, normalized: true, parsing: false, interaction: { mode: "nearest", intersect: false },
    scales: { x: axis("linear", word($("along").value)), y: { ...axis(logarithmic ? "logarithmic" : "linear", ""), beginAtZero: ["rate", "speed"].includes(name),
      ...(logarithmic ? { min: 0.9 * Math.min(...lines.flatMap((one) => one.data.map((point) => point.y))) } : {}) } },
    plugins: { legend: { labels: { color: soft, boxHeight: 1, boxWidth: 26 } } } };
}

function drawChart(name) {
  const lines = series(name);
  let made = charts.get(name);
  if (lines.length === 0) {
    if (made) made.figure.hidden = true;
    return;
  }
  if (!made) {
    const canvas = el("canvas", { role: "img" });
    const figure = el("figure", { id: `chart-${name}` }, el("figcaption"), el("div", { className: "sheet" }, canvas));
    $("charts").append(figure);
    made = { figure, canvas, chart: new Chart(canvas, { type: "line", data: { datasets: lines }, options: options(name, lines) }) };
    charts.set(name, made);
  }
  made.figure.hidden = false;
  made.figure.firstChild.textContent = word(name);
  made.canvas.setAttribute("aria-label", word("chart", word(name), lines.map((line) => line.label).join("; "), word($("along").value)));
  made.chart.data.datasets = lines;
  made.chart.options = options(name, lines);
  made.chart.update();
}

function time(seconds) {
  if (finite(seconds) === null) return "–";
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  return whole < 3600 ? `${Math.floor(whole / 60)}:${two(whole % 60)}` : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function showNow() {
  if (!now) return;
  if (!now.epoch) {
    $("now").replaceChildren(el("p", {}, word("waiting")));
    return;
  }
  const own = runs.find((run) => run.name === now.log);
  const labels = own && isLabels(own);
  const cells = [[word("epoch"), now.epochs ? `${now.epoch} / ${now.epochs}` : String(now.epoch)], [word("minibatch"), `${now.minibatch} / ${now.minibatches}`],
    labels ? [word("lossNow"), number(now.loss)] : [word("perplexityNow"), number(Math.exp(now.loss), 2)],
    [word("speed"), Math.round(now.tokens_per_second).toLocaleString(language)], [word("norm"), number(now.gradient_norm)],
    [word("rate"), String(now.lr)], [word("left"), time(now.seconds_left)]];
  $("now").replaceChildren(el("div", { className: "bar" }, el("i", { style: { width: `${100 * now.share}%` } })),
    ...cells.map(([name, value]) => el("div", {}, el("b", {}, value), el("small", {}, name))));
}

/* The best epoch by what a run is judged by. */
function best(run) {
  const value = (epoch) => finite(epoch.valid_loss) ?? finite(epoch.loss) ?? Infinity;
  return run.epochs.reduce((a, b) => (value(b) < value(a) ? b : a));
}

function showRuns() {
  const common = (option) => runs.every((run) => (run.epochs[0].options || []).includes(option));
  const scored = runs.some(isLabels);
  const heads = [word("run"), word("options"), word("last"), `${word("perplexity")}, ${word("training")}`, `${word("perplexity")}, ${word("validation")}`,
    ...(scored ? [word("accuracy")] : []), word("speed"), word("seconds")];
  const cell = (value, digits) => el("td", {}, finite(value) === null ? "–" : number(value, digits));
  const rows = runs.map((run) => {
    const last = run.epochs[run.epochs.length - 1], kept = best(run);
    const box = el("input", { type: "checkbox", checked: !hidden.has(run.name), ariaLabel: word("shown", short(run)) });
    box.addEventListener("change", () => {
      if (box.checked) hidden.delete(run.name);
      else hidden.add(run.name);
      drawCharts();
    });
    const differs = (run.epochs[0].options || []).filter((option) => runs.length === 1 || !common(option));
    return el("tr", {}, el("th", { scope: "row" }, el("label", {}, box, el("span", { className: "mark", style: { background: colour(run) } }),
      now && run.name === now.log ? el("b", {}, `${short(run)} (${word("now")})`) : short(run))), el("td", {}, differs.join(" ")),
      el("td", {}, last.epoch), cell(last.perplexity, 2), el("td", {}, finite(kept.valid_perplexity) === null ? "–" : `${number(kept.valid_perplexity, 2)} (${word("epoch")} ${kept.epoch})`),
      scored ? cell(last.valid_accuracy, 4) : null, el("td", {}, Math.round(last.tokens_per_second).toLocaleString(language)),
      cell(run.epochs.reduce((sum, epoch) => sum + (finite(epoch.seconds) || 0), 0), 1));
  });
  $("runs").replaceChildren(scrolls(word("runs"), el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, rows))));
}

function showSamples() {
  const run = runs.find((one) => now && one.name === now.log) || runs[0];
  const samples = run ? [...run.notes.values()].filter((note) => note.sample).sort((a, b) => b.epoch - a.epoch).slice(0, 12) : [];
  $("samples").replaceChildren(samples.length === 0 ? el("p", {}, word("noSamples")) : el("dl", {}, samples.flatMap((note) =>
    [el("dt", {}, word("sampleOf", note.epoch)), el("dd", { className: "line" }, note.sample)])));
}

function drawCharts() {
  $("missing").hidden = Boolean(window.Chart);
  if (window.Chart) Object.keys(CHARTS).forEach(drawChart);
}

function show() {
  const kept = $("along").value;
  $("along").replaceChildren(...["epochs", "tokens", "seconds"].map((name) => el("option", { value: name }, word(name))));
  if (kept) $("along").value = kept;
  showNow();
  if (version === null) return;
  showRuns();
  showSamples();
  drawCharts();
}

/* Asks once, then again after a while. */
async function follow() {
  let pause = 1000;
  try {
    now = await (await send("now.json")).json();
    if (now.version !== version) {
      const said = await (await send("runs.json")).json();
      runs = said.runs.map((run) => ({ ...run, notes: new Map(run.notes.map((note) => [note.epoch, note])) }));
      version = now.version;
      showRuns();
      showSamples();
      drawCharts();
    }
    say(() => "");
    showNow();
  } catch {
    say(() => word("gone"));
    pause = 3000;
  }
  setTimeout(follow, pause);
}

$("along").addEventListener("change", drawCharts);
$("logarithmic").addEventListener("change", drawCharts);
begin(show, false);
follow();
