/* Fills blanks in the middle of sentences, and shows what else could stand there. */
"use strict";
const WORDS = {
  en: {
    title: "Fill blanks", skip: "To the text",
    intro: "Type a text with blanks. The network has read what stands before a blank and what stands behind it, and gives every filling a probability.",
    text: "Text with blanks", blank: "A blank is", top: "Fillings", beam: "Search width", fill: "Fill",
    none: "No model here fills blanks: train one with --task fill --bidirectional.",
    fillings: "The most probable fillings", oneBlank: "Blank {0}, summed over the {1} best fillings", noBlank: "There is no blank in the text.",
  },
  zh: {
    title: "填空", skip: "跳到文本",
    intro: "输入一段带空白的文本。网络读过空白之前和之后的内容，给每一种填法一个概率。",
    text: "带空白的文本", blank: "空白记作", top: "填法的数量", beam: "搜索宽度", fill: "填空",
    none: "这里没有能填空的模型：用 --task fill --bidirectional 训练一个。",
    fillings: "最可能的填法", oneBlank: "空白 {0}：在最可能的 {1} 种填法中合计", noBlank: "文本里没有空白。",
  },
};
const SUMMED = 50; /* fillings that alternatives are summed over */
let filled = null; /* {text, blank, shown, fillings} */

/* What a filling has in the blanks: [[text, is it a blank], ...]; null where the text was cleaned. */
function pieces(text, blank, filling) {
  const parts = text.split(blank);
  if (!filling.startsWith(parts[0]) || !filling.endsWith(parts[parts.length - 1])) return null;
  const found = [[parts[0], false]];
  let at = parts[0].length;
  for (let k = 1; k < parts.length; k++) {
    const first = at + Array.from(filling.slice(at))[0]?.length || at;
    const next = k + 1 === parts.length ? filling.length - parts[k].length : parts[k] === "" ? first : filling.indexOf(parts[k], first);
    if (next < first) return null;
    found.push([filling.slice(at, next), true], [parts[k], false]);
    at = next + parts[k].length;
  }
  return found;
}

/* For each blank what fillings have there, with the sum of their probabilities. */
function alternatives(cut) {
  const blanks = cut[0].filter(([, blank]) => blank).length;
  return range(blanks).map((k) => {
    const sums = new Map();
    cut.forEach((parts, i) => {
      const text = parts.filter(([, blank]) => blank)[k][0];
      sums.set(text, (sums.get(text) || 0) + filled.fillings[i].probability);
    });
    const rows = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 8);
    return bars(word("oneBlank", k + 1, cut.length), rows.map(([text, value]) => [sign(text), value, number(value)]), 1);
  });
}

function show() {
  if (!filled) return;
  const { text, blank, shown, fillings } = filled;
  if (!text.includes(blank)) {
    $("answer").replaceChildren(el("p", {}, word("noBlank")));
    return;
  }
  const cut = fillings.map((filling) => pieces(text, blank, filling.text));
  const rows = fillings.slice(0, shown).map((filling, i) => el("li", {}, el("span", { className: "chance" }, number(filling.probability)),
    el("span", { className: "line" }, cut[i] ? cut[i].map(([piece, is]) => (is ? el("mark", {}, piece) : piece)) : filling.text)));
  $("answer").replaceChildren(el("h2", {}, word("fillings")), el("ol", { className: "fillings" }, rows),
    el("div", { className: "blanks" }, cut.length && cut.every(Boolean) ? alternatives(cut) : []));
}

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = { input: $("input").value, model: $("model").value, blank: $("blank").value, beam: Number($("beam").value) };
  const shown = Number($("top").value);
  asked.top = Math.max(shown, SUMMED);
  asked.beam = Math.max(asked.beam, asked.top);
  const said = await asks("v1/fill", asked);
  if (!said) return;
  filled = { text: asked.input, blank: asked.blank, shown, fillings: said.data[0].fillings };
  show();
});
begin(show);
$("input").value = "The _ was on the river.";
chooseModel("/v1/fill");
