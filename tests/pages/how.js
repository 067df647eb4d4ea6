// The page of `recur explain --html` and of recur serve, How it works: both languages, light and dark, wide and narrow, by keyboard alone.
"use strict";
const { execFileSync } = require("child_process");
const path = require("path");
const { recur, folder, check, test, open, looks, nothingWrong, tabTo, languages, hasServer, train, serves } = require("./browser.js");

function make(name, ...words) {
  const file = path.join(folder, name);
  execFileSync(recur, ["explain", "--html", file, ...words], { stdio: ["ignore", "ignore", "inherit"] });
  return `file://${file}`;
}

async function shows(page, name) {
  await looks(page, name);
  const sections = await page.$$eval("section", (all) => all.map((one) => [one.id, one.innerText.length]));
  check(`${name}: 19 stages`, sections.length === 19 && sections.every(([, length]) => length > 30), sections);
}

async function byKeyboard(page) {
  check("Tab reaches the way past the stages' list first", (await tabTo(page, ".skip", 1)) && true);
  check("Tab reaches the list", await tabTo(page, "#contents a", 10));
  await page.keyboard.press("Enter");
  const seen = [];
  for (let i = 0; i < 19; i++) {
    seen.push(await page.evaluate(() => location.hash.slice(1)));
    if (!(await tabTo(page, `#${seen[i]} .next a`))) break;
    await page.keyboard.press("Enter");
  }
  check("each stage leads to the next one", seen.length === 19 && seen[0] === "lines" && seen[18] === "prediction", seen);
  await page.evaluate(() => document.activeElement.blur());
  await page.evaluate(() => (location.hash = "step"));
  check("Tab reaches the time step", await tabTo(page, "#step input"));
  const before = await page.$eval("#step .numbers", (table) => table.innerText);
  await page.keyboard.press("ArrowRight");
  const after = await page.$eval("#step .numbers", (table) => table.innerText);
  check("an arrow takes it on", before !== after && after.startsWith("t = 2"), after);
  check("Tab reaches the scale of gradients", await tabTo(page, "#gradients input"));
  const width = () => page.$$eval("#gradients .fill", (all) => all.map((one) => one.style.width).join(" "));
  const linear = await width();
  await page.keyboard.press("Space");
  check("Space makes it logarithmic", linear !== (await width()));
}

// Somebody types a text of his own, chooses a cell and asks, with the keyboard.
async function asks(browser, address) {
  const page = await open(browser, address, 390, "light", "en-US");
  await page.waitForSelector("#prediction");
  check("the served page begins with the story", (await page.$eval("#lines", (part) => part.innerText)).includes("There was a river"));
  await page.focus("#text");
  await page.keyboard.type("to be or not to be <b>");
  await tabTo(page, "#cell", 5);
  await page.keyboard.type("lstm");
  await tabTo(page, "#ask button", 9);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#lines").innerText.includes("to be or not to be <b>"));
  const step = await page.$eval("#step", (part) => part.innerText);
  check("a text and a cell of one's own", step.includes("tanh(c)") && step.includes("a_f"), step);
  await shows(page, "served, narrow, light");
  nothingWrong(page, "served");
  await page.fill("#text", "a");
  await page.press("#ask button", "Enter");
  await page.waitForFunction(() => document.querySelector("#status").innerText.includes("1 token"));
  check("a text that is too short says so, and what was there stays", (await page.$$("section")).length === 19);
}

test(async (browser) => {
  const address = make("how.html");
  const wide = await open(browser, address, 1280, "light", "en-US");
  await shows(wide, "wide, light");
  const data = JSON.parse(execFileSync(recur, ["explain", "--json"], { maxBuffer: 1 << 26 }));
  const shown = await wide.$eval("#state .numbers tbody td", (cell) => cell.innerText);
  check("a number is the one of the JSON", Number(shown.replace("−", "-")) === Number(data.forward.layers[0].h[1][0][0].toFixed(3)), shown);
  await byKeyboard(wide);
  await languages(wide, "它是怎样工作的", "Object.values(WORDS.en.stages).map(([title]) => title)");
  nothingWrong(wide, "wide");
  const narrow = await open(browser, address, 390, "dark", "zh-CN");
  await shows(narrow, "narrow, dark, Chinese");
  await narrow.selectOption("#theme", "light");
  await shows(narrow, "narrow, light, Chinese");
  nothingWrong(narrow, "narrow");
  const hostile = make("hostile.html", "<img src=x onerror=alert(1)></script><script>alert(2)</script> & 我", "--cell", "lstm", "--hidden", "4,3", "--embed", "2");
  const page = await open(browser, hostile, 800, "dark", "en-US");
  await shows(page, "a hostile text, two layers");
  check("no text becomes markup", page.wrong.length === 0 && !(await page.$("img")), page.wrong.join("\n"));
  if (!hasServer()) return;
  const { server, address: served } = await serves("serve", "-m", train("how", "--hidden", "8", "--epochs", "1"), "--port", "0");
  try {
    await asks(browser, `${served}/how.html`);
  } finally {
    server.kill();
  }
});
