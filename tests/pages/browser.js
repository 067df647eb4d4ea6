// What the tests of pages share: a browser, recur serve, checks that print TAP. NAME.js RECUR FOLDER needs Debian's Chromium and what `npm ci`
// installs here; it skips where they are absent.
"use strict";
const { execFileSync, spawn } = require("child_process");
const fs = require("fs");
const path = require("path");

const [recur, folder] = process.argv.slice(2);
let number = 0;
let failures = 0;
let axe = "";

function check(what, good, more = "") {
  number++;
  failures += !good;
  console.log(`${good ? "ok" : "not ok"} ${number} - ${what}${good ? "" : `\n# ${String(more).replaceAll("\n", "\n# ")}`}`);
}

// Runs a test, `main(browser)`, or skips it.
async function test(main) {
  const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((file) => fs.existsSync(file));
  let playwright = null;
  try {
    playwright = require("playwright-core");
    axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  } catch {
    playwright = null;
  }
  if (!chromium || !playwright) {
    console.log("ok 1 # SKIP scripts/setup pages installs Chromium, playwright-core and axe-core\n1..1");
    return;
  }
  try {
    const browser = await playwright.chromium.launch({ executablePath: chromium, args: ["--no-sandbox"] });
    await main(browser);
    await browser.close();
    console.log(`1..${number}`);
    process.exitCode = failures ? 1 : 0;
  } catch (failure) {
    console.log(`not ok ${number + 1} - ${failure.message.replaceAll("\n", " ")}`);
    process.exit(1);
  }
}

// A page that notes what goes wrong.
async function open(browser, address, width, scheme, locale) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, locale, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.wrong = [];
  page.on("pageerror", (failure) => page.wrong.push(failure.message));
  page.on("console", (message) => message.type() === "error" && page.wrong.push(message.text()));
  page.on("dialog", (dialog) => page.wrong.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
  const own = address.startsWith("http") ? new URL(address).origin : address;
  page.on("request", (request) => request.url().startsWith(own) || page.wrong.push(`asks for ${request.url()}`));
  await page.goto(address);
  return page;
}

// With RECUR_SHOTS, a folder, the page is also drawn there, for somebody to look at.
async function looks(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  check(`${name}: nothing is wider than the window`, wide <= 0, wide);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  check(`${name}: axe finds nothing`, violations.length === 0, violations.map((v) => `${v.id}: ${v.nodes[0].html}`).join("\n"));
  if (process.env.RECUR_SHOTS)
    await page.screenshot({ path: path.join(process.env.RECUR_SHOTS, `${name.replaceAll(/\W+/g, "-")}.png`), fullPage: true });
}

function nothingWrong(page, name) {
  check(`${name}: nothing goes wrong`, page.wrong.length === 0, page.wrong.join("\n"));
}

// Presses Tab until the element that the selector names has the focus.
async function tabTo(page, selector, most = 400) {
  for (let i = 0; i < most; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return true;
  }
  return false;
}

// Chooses the other language with the keyboard: its title comes, and none of the words of `of`, an object of WORDS, is left in English.
async function languages(page, title, of = "WORDS.en") {
  await page.focus("#language");
  await page.keyboard.press("ArrowDown");
  const chinese = await page.evaluate(() => [document.documentElement.lang, document.querySelector("h1").textContent]);
  check(`${title}: an arrow chooses Chinese`, chinese.join() === `zh-CN,${title}`, chinese);
  const left = await page.evaluate((words) => Object.values(eval(words)).flat().filter((text) =>
    typeof text === "string" && text.length > 12 && !text.includes("{") && document.body.innerText.includes(text)), of);
  check(`${title}: no words are left in English`, left.length === 0, left);
  const keys = await page.evaluate(() => [WORDS, COMMON].map((of) => ["en", "zh"].map((language) => JSON.stringify(Object.keys(of[language])))));
  check(`${title}: both languages have the same words`, keys.every(([a, b]) => a === b), keys.join("\n"));
}

const hasServer = () => execFileSync(recur, ["--version"], { encoding: "utf8" }).includes("libmicrohttpd");

function train(name, ...options) {
  const model = path.join(folder, `${name}.safetensors`);
  execFileSync(recur, ["train", "--quiet", "-o", model, ...options], { stdio: "ignore" });
  return model;
}

// A program that serves pages, and their address, which it prints as "... http://ADDRESS".
function serves(...options) {
  const server = spawn(recur, options, { stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    server.on("exit", () => reject(new Error(`recur ${options[0]} ended: ${said}`)));
    server.stderr.on("data", (piece) => {
      said += piece;
      const found = said.match(/ on (http:\/\/\S+)\n/);
      if (!found) return;
      server.removeAllListeners("exit");
      server.stderr.removeAllListeners("data").resume();
      resolve({ server, address: found[1] });
    });
  });
}

module.exports = { recur, folder, check, test, open, looks, nothingWrong, tabTo, languages, hasServer, train, serves };
