// The page of recur train --dashboard: a short training is watched to its end, after a reload and after a restart too.
"use strict";
const fs = require("fs");
const path = require("path");
const { spawn } = require("child_process");
const { recur, folder, check, test, open, looks, nothingWrong, tabTo, languages, hasServer, train, serves } = require("./browser.js");

const own = path.join(folder, "runs");
const log = (name) => ["--log", path.join(own, `${name}.jsonl`), "-o", path.join(own, `${name}.safetensors`)];
const ended = (process) => new Promise((resolve) => process.on("exit", resolve));
const epochs = (page) => page.$$eval("#runs tbody tr", (rows) => Object.fromEntries(rows.map((row) => [row.querySelector("th").innerText.split(" ")[0].trim(), Number(row.children[2].innerText)])));

async function watches(browser) {
  train("other", ...log("other"), "--hidden", "8", "--cell", "gru", "--epochs", "8");
  const words = ["--hidden", "8", "--threads", "1", ...log("run"), "--checkpoint-every", "100000"];
  const { server, address } = await serves("train", "--dashboard", "0", "--epochs", "100000", ...words);
  const page = await open(browser, address, 1280, "light", "en-US");
  await page.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length === 2 && document.querySelector("#now .bar"));
  const first = await epochs(page);
  await page.waitForFunction((before) => Number(document.querySelectorAll("#runs tbody tr")[1].children[2].innerText) > before, first.run);
  check("the run goes on before one's eyes, beside another one", first.other === 8 && (await epochs(page)).run > first.run, first);
  const drawn = await page.$$eval("#charts figure:not([hidden]) canvas", (all) => all.map((canvas) => [canvas.getAttribute("aria-label"),
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)]));
  const charts = await page.evaluate(() => Boolean(window.Chart));
  check("charts are drawn, with names", !charts || (drawn.length === 4 && drawn.every(([name, some]) => some && name.includes("other") && name.includes("run"))), drawn);
  check("there are samples", (await page.$$("#samples dd")).length > 0);
  await looks(page, "dashboard, wide, light");
  check("Tab reaches the axis", await tabTo(page, "#along", 8));
  await page.keyboard.type("seconds");
  check("Tab reaches a run", await tabTo(page, "#runs input", 8));
  await page.keyboard.press("Space");
  const labels = await page.$$eval("#charts canvas", (all) => all.map((canvas) => canvas.getAttribute("aria-label")).join());
  check("Space hides a run", !charts || !labels.includes("other"), labels);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length === 2);
  const again = await epochs(page);
  check("a reload shows the same runs", again.other === 8 && again.run >= first.run, again);
  await languages(page, "训练");
  server.kill("SIGINT");
  await ended(server);
  await page.waitForFunction(() => document.querySelector("#status").innerText.includes("训练已经结束"));
  check("the end is said, and what was there stays", (await page.$$("#runs tbody tr")).length === 2);
  const port = new URL(address).port;
  const last = (await epochs(page)).run;
  const more = fs.readFileSync(path.join(own, "run.jsonl"), "utf8").trim().split("\n").length + 20;
  const resumed = spawn(recur, ["train", "--resume", path.join(own, "run.checkpoint.safetensors"), "--log", path.join(own, "run.jsonl"), "--dashboard", port, "--epochs", "100000"], { stdio: "ignore" });
  await page.waitForFunction((wanted) => Number(document.querySelectorAll("#runs tbody tr")[1].children[2].innerText) > wanted, more);
  check("a run that is taken up again goes on in the same page", (await epochs(page)).run > last);
  await page.waitForFunction(() => document.querySelector("#status").innerText === "");
  page.wrong = page.wrong.filter((wrong) => !wrong.includes("ERR_CONNECTION_REFUSED"));
  nothingWrong(page, "dashboard");
  const narrow = await open(browser, `${new URL(address).origin}/`, 390, "dark", "zh-CN");
  await narrow.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length === 2);
  await looks(narrow, "dashboard, narrow, dark, Chinese");
  nothingWrong(narrow, "dashboard, narrow");
  resumed.kill("SIGINT");
  await ended(resumed);
}

// A build without the charting library.
async function withoutCharts(browser) {
  const { server, address } = await serves("train", "--dashboard", "0", "--epochs", "100000", "--hidden", "8", "--threads", "1", ...log("plain"));
  const page = await open(browser, "about:blank", 800, "light", "en-US");
  page.removeAllListeners("request");
  await page.route("**/chart.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
  await page.goto(address);
  await page.waitForFunction(() => document.querySelectorAll("#runs tbody tr").length >= 2);
  check("without charts the page says so and has the numbers", await page.isVisible("#missing"));
  await looks(page, "dashboard without charts");
  nothingWrong(page, "dashboard without charts");
  server.kill("SIGINT");
  await ended(server);
}

test(async (browser) => {
  if (!hasServer()) return;
  fs.rmSync(own, { recursive: true, force: true });
  fs.mkdirSync(own);
  await watches(browser);
  await withoutCharts(browser);
});
