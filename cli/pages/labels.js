/* Labels of words, or of whole lines, in colours, with how sure the network is. */
"use strict";
const WORDS = {
  en: {
    title: "Labels", skip: "To the text",
    intro: "Type sentences, one a line. A model of the task tag labels their words, one of the task classify each line. The stronger a colour, the surer the network is.",
    text: "Sentences", label: "Label", characters: "each character is a word",
    none: "No model here labels: train one with --task tag or --task classify.",
    sure: "probability {0}",
  },
  zh: {
    title: "标签", skip: "跳到文本",
    intro: "输入句子，每行一句。任务为 tag 的模型给每个词标注，任务为 classify 的模型给每一行标注。颜色越深，网络越有把握。",
    text: "句子", label: "标注", characters: "每个字符是一个词",
    none: "这里没有能标注的模型：用 --task tag 或 --task classify 训练一个。",
    sure: "概率 {0}",
  },
};
let labelled = null; /* {lines, data, tags} */

/* Each label has a hue of its own: those of the same entity, B-PER and I-PER, the same. */
function hues(labels) {
  const names = [...new Set(labels.map((label) => label.replace(/^[BIES]-/, "")))].filter((name) => name !== "O").sort();
  return (label) => names.indexOf(label.replace(/^[BIES]-/, ""));
}

function coloured(name, properties, hue, share, ...children) {
  const made = el(name, properties, ...children);
  if (hue < 0) return made;
  made.classList.add("hue");
  made.style.setProperty("--hue", (210 + hue * 222.5) % 360);
  made.style.setProperty("--share", share === null ? 1 : share.toFixed(3));
  return made;
}

function showTags() {
  const hue = hues(labelled.data.flatMap((line) => line.words.map((one) => one.label)));
  return labelled.data.map((line) => el("ul", { className: "chips tags" }, line.words.map((one) =>
    coloured("li", { className: "chip", title: one.probability === null ? "" : word("sure", number(one.probability)) }, hue(one.label), one.probability,
      one.word, el("small", {}, one.label === "O" ? " " : `${one.label}${one.probability === null ? "" : ` ${number(one.probability, 2)}`}`)))));
}

function showClasses() {
  const hue = hues(labelled.data.flatMap((line) => line.probabilities.map((one) => one.label)));
  return labelled.data.map((line, i) => el("div", { className: "classified" },
    coloured("p", { className: "line" }, hue(line.label), line.probabilities[0].probability, labelled.lines[i]),
    bars(line.label, line.probabilities.map((one) => [one.label, one.probability, number(one.probability), one.label === line.label]), 1)));
}

function show() {
  if (labelled) $("answer").replaceChildren(...(labelled.tags ? showTags() : showClasses()));
}

const tags = () => Boolean(chosenModel()?.endpoints.includes("/v1/tag"));

function choices() {
  $("characters-asked").hidden = !tags();
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const lines = $("input").value.split("\n").filter((line) => line.trim() !== "");
  const asked = { input: lines, model: $("model").value };
  const byTag = tags();
  if (byTag) asked.characters = $("characters").checked;
  else asked.top = 5;
  if (lines.length === 0) return;
  const said = await asks(byTag ? "v1/tag" : "v1/classify", asked);
  if (!said) return;
  labelled = { lines, data: said.data, tags: byTag };
  show();
});
$("model").addEventListener("change", choices);
begin(show);
chooseModel(["/v1/tag", "/v1/classify"], choices);
