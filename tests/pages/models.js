// The pages of recur serve with a model: a text is continued, a unit is painted over one, a blank is filled, words and lines get labels.
"use strict";
const fs = require("fs");
const path = require("path");
const { folder, check, test, open, looks, nothingWrong, tabTo, languages, hasServer, train, serves } = require("./browser.js");

const ended = (page) => page.waitForFunction(() => document.querySelector("#end").disabled && /\d/.test(document.querySelector("#status").innerText));

// By keyboard alone: a prompt, settings, and a token's alternatives.
async function continues(browser, address) {
  const page = await open(browser, address, 1280, "light", "en-US");
  await page.waitForFunction(() => document.querySelector("#model").value);
  await looks(page, "continue, before");
  check("Tab reaches the way past the head first", await tabTo(page, ".skip", 1));
  check("Tab reaches the prompt", await tabTo(page, "#prompt", 10));
  await page.keyboard.type("There <b>was");
  for (const [field, value] of [["#tokens", "40"], ["#temperature", "0.5"], ["#top-k", "20"], ["#top-p", "0.9"], ["#min-p", "0.01"], ["#seed", "7"]]) {
    check(`Tab reaches ${field}`, await tabTo(page, field, 5));
    await page.keyboard.press("Control+A");
    await page.keyboard.type(value);
  }
  await page.keyboard.press("Enter");
  await ended(page);
  const text = await page.$eval("#text", (place) => place.innerText);
  check("the prompt is continued, and no text becomes markup", text.startsWith("There <b>was") && text.length > 40 && !(await page.$("#text b")), text);
  const said = await page.evaluate(async () => (await (await fetch("v1/completions", { method: "POST", headers: { "Content-Type": "application/json" }, body:
    JSON.stringify({ prompt: "There <b>was", max_tokens: 40, temperature: 0.5, top_k: 20, top_p: 0.9, min_p: 0.01, seed: 7, echo: true }) })).json()).choices[0].text);
  check("the text is the API's with these settings", text.replaceAll("↵", "") === said, `${text}\n${said}`);
  check("Tab reaches the text", await tabTo(page, "#text", 5));
  await page.keyboard.press("Home");
  check("of the first token nobody knows a probability", (await page.$eval("#chosen", (place) => place.innerText)).startsWith("The first token"));
  for (let i = 0; i < 15; i++) await page.keyboard.press("ArrowRight");
  const rows = await page.$$eval("#chosen tr", (all) => all.map((one) => one.innerText));
  check("a token shows what it was drawn from", rows.length >= 10, rows);
  const painted = await page.$$eval("#text span", (all) => new Set(all.map((one) => getComputedStyle(one).backgroundColor)).size);
  check("surprise colours the text", painted > 5, painted);
  await looks(page, "continue, wide, light");
  const before = await page.$$eval("#text span", (all) => all.length);
  check("Tab reaches Go on", await tabTo(page, "#on"));
  await page.keyboard.press("Enter");
  await page.waitForFunction((count) => document.querySelectorAll("#text span").length === count + 40, before);
  check("Go on continues what there is", true);
  await languages(page, "续写文本");
  nothingWrong(page, "continue");
}

async function stops(browser, address) {
  const page = await open(browser, address, 390, "dark", "zh-CN");
  await page.waitForFunction(() => document.querySelector("#model").value);
  await page.fill("#prompt", "The ");
  await page.fill("#tokens", "400");
  await page.fill("#stop", "a");
  await page.press("#stop", "Enter");
  await ended(page);
  check("a text to stop at ends it", !(await page.$eval("#text", (place) => place.innerText)).includes("a"));
  await looks(page, "continue, narrow, dark, Chinese");
  await page.fill("#stop", "");
  await page.fill("#tokens", "1000000");
  await page.press("#stop", "Enter");
  await page.waitForFunction(() => document.querySelectorAll("#text span").length > 20);
  await page.click("#end");
  await ended(page);
  check("Stop ends it", (await page.$$eval("#text span", (all) => all.length)) < 1000000);
  nothingWrong(page, "continue, narrow");
}

// By keyboard alone: a text is coloured by surprise, then a unit that reacts to something is painted, then one of its gates.
async function looksInside(browser, address) {
  const page = await open(browser, `${address}/inside.html`, 1280, "light", "en-US");
  await page.waitForFunction(() => document.querySelectorAll("#ranked button").length === 12);
  const grounds = () => page.$$eval("#text span", (all) => all.map((one) => getComputedStyle(one).backgroundColor).join());
  const legend = () => page.$eval("#legend", (place) => place.innerText);
  check("the text is coloured by surprise", (await legend()).startsWith("Orange is surprise"));
  await looks(page, "inside, surprise");
  check("Tab reaches the text", await tabTo(page, "#input", 12));
  await page.keyboard.press("Control+A");
  await page.keyboard.type('There was "a river" <b> in 3 parts');
  await page.waitForFunction(() => document.querySelectorAll("#text span").length === 34);
  const state = await page.$eval("#state canvas", (picture) => picture.toDataURL());
  await page.keyboard.type("!");
  await page.waitForFunction((old) => document.querySelector("#state canvas").toDataURL() !== old, state);
  check("the state changes as one types", true);
  const before = await grounds();
  check("Tab reaches the ranking", await tabTo(page, "#rank", 8));
  await page.keyboard.type("spaces");
  check("Tab reaches a unit", await tabTo(page, "#ranked button", 8));
  const best = await page.$eval("#ranked button", (one) => one.innerText);
  check("units that react to spaces", Math.abs(Number(best.split("\n")[1].replace("−", "-"))) > 0.3, best);
  await page.keyboard.press("Enter");
  await page.waitForFunction((old) => [...document.querySelectorAll("#text span")].map((one) => getComputedStyle(one).backgroundColor).join() !== old, before);
  const j = Number(best.match(/\d+/)[0]);
  // Until its numbers are there, another unit may be.
  await page.waitForFunction((unit) => document.querySelector("#legend").innerText.includes(`unit ${unit} `), j).catch(() => {});
  check("the unit is painted", (await legend()).includes(`unit ${j} `), await legend());
  const values = await page.evaluate(async (unit) => (await (await fetch("v1/activations", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ input: document.querySelector("#input").value, unit }) })).json()).state, j);
  const signs = await page.$$eval("#text span", (all) => all.map((one) => getComputedStyle(one).backgroundColor.startsWith("rgba(20,") ? 1 : -1));
  check("its colour at each token is the API's", values.every((value, i) => Math.abs(value) < 0.01 || Math.sign(value) === signs[i]), signs);
  await page.focus("#colour");
  await page.keyboard.type("its gate f");
  check("a gate is painted", (await legend()).startsWith("Blue is an open gate"), await legend());
  await page.focus("#text");
  await page.keyboard.press("End");
  const numbers = await page.$eval("#chosen", (place) => place.innerText);
  check("a token shows its numbers", ["state h", "i", "f", "g", "o", "c"].every((name) => numbers.includes(`\n${name}\t`) || numbers.includes(`${name}\t`)), numbers);
  check("no text becomes markup", !(await page.$("#text b")));
  await looks(page, "inside, a gate");
  await languages(page, "看看里面");
  nothingWrong(page, "inside");
  const narrow = await open(browser, `${address}/inside.html`, 390, "dark", "zh-CN");
  await narrow.waitForFunction(() => document.querySelectorAll("#ranked button").length === 12);
  await narrow.click("#ranked button");
  await narrow.waitForFunction(() => document.querySelector("#legend").innerText.includes("单元"));
  await looks(narrow, "inside, narrow, dark, Chinese");
  nothingWrong(narrow, "inside, narrow");
}

// A blank in the middle of a sentence, filled by keyboard alone.
async function fills(browser, address) {
  const page = await open(browser, `${address}/fill.html`, 1280, "dark", "en-US");
  await page.waitForFunction(() => document.querySelector("#model").value);
  check("Tab reaches the text with blanks", await tabTo(page, "#input", 12));
  await page.keyboard.press("Control+A");
  await page.keyboard.type("<b>The r_ver was _ide</b>");
  check("Tab reaches Fill", await tabTo(page, "#ask button", 8));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".fillings li");
  const rows = await page.$$eval(".fillings li", (all) => all.map((one) => [Number(one.querySelector(".chance").innerText), one.querySelector(".line").innerText,
    [...one.querySelectorAll("mark")].map((mark) => mark.innerText).join("|")]));
  check("eight fillings, the most probable first", rows.length === 8 && rows.every(([p], i) => i === 0 || p <= rows[i - 1][0]), rows);
  check("both blanks are filled and marked", rows.every(([, text, marks]) => /^<b>The r.ver was .ide<\/b>$/s.test(text) && marks.split("|").length === 2), rows);
  check("each blank has its alternatives", (await page.$$(".blanks table")).length === 2);
  await looks(page, "fill, wide, dark");
  await languages(page, "填空");
  nothingWrong(page, "fill");
}

// Words and lines in the colours of their labels.
async function labels(browser, address) {
  const page = await open(browser, `${address}/labels.html`, 390, "light", "en-US");
  await page.waitForFunction(() => document.querySelector("#model").value === "names");
  await page.fill("#input", "Anna lives in Paris <b>");
  check("Tab reaches Label", await tabTo(page, "#ask button", 8));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".tags");
  const words = await page.$$eval(".tags .chip", (all) => all.map((one) => [one.firstChild.data, one.classList.contains("hue"), one.innerText]));
  check("words have their labels' colours", words.map(([, hue]) => hue).slice(0, 4).join() === "true,false,false,true" && words[0][2].includes("B-PER"), words);
  check("a word is no markup", words[4][0] === "<b>", words);
  await looks(page, "labels, narrow, light");
  await page.selectOption("#model", "opinions");
  await page.fill("#input", "a good film\n\na bad film");
  await page.click("#ask button");
  await page.waitForFunction(() => document.querySelectorAll(".classified").length === 2);
  const lines = await page.$$eval(".classified", (all) => all.map((one) => one.innerText));
  check("lines have labels with probabilities", lines[0].includes("a good film") && lines[0].includes("\ngood\t0."), lines);
  await looks(page, "labels of lines");
  await languages(page, "标签");
  nothingWrong(page, "labels");
}

function trainLabels(name, task, text, ...options) {
  const file = path.join(folder, `${name}.txt`);
  fs.writeFileSync(file, text);
  return train(name, "--task", task, "--hidden", "16", "--embed", "8", "--epochs", "3", ...options, file);
}

test(async (browser) => {
  if (!hasServer()) return;
  const models = [train("pages", "--hidden", "32", "--epochs", "20"),
    train("blanks", "--task", "fill", "--bidirectional", "--hidden", "16", "--epochs", "5"),
    trainLabels("names", "tag", "Anna\tB-PER\nlives\tO\nin\tO\nParis\tB-LOC\n\nPeter\tB-PER\nleft\tO\nRome\tB-LOC\n\n".repeat(200)),
    trainLabels("opinions", "classify", "good\ta good film\nbad\ta bad film\n".repeat(200))];
  const { server, address } = await serves("serve", ...models.flatMap((model) => ["-m", model]), "--port", "0", "--max-tokens", "1000000");
  try {
    await continues(browser, address);
    await stops(browser, address);
    await looksInside(browser, address);
    await fills(browser, address);
    await labels(browser, address);
  } finally {
    server.kill();
  }
});
