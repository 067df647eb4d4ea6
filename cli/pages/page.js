/* What all pages share: elements, both languages, themes, questions to the server. Each page brings its words, WORDS, with
 * the same keys in both languages. Texts of users become text nodes alone. */
"use strict";
const COMMON = {
  en: {
    language: "Language", theme: "Colours", auto: "as the system", light: "light", dark: "dark", key: "API key", pages: "Pages",
    busy: "Computing …", failed: "That did not work: ", keyMissing: "This server wants an API key: type it in and try again.",
    model: "Model", space: "space", lineFeed: "line feed", tab: "tab",
    page_continue: "Continue a text", page_inside: "Look inside", page_fill: "Fill blanks", page_labels: "Labels", page_how: "How it works",
    first: "The first token: nobody knows its probability.", row: "The text; arrow keys choose a token",
  },
  zh: {
    language: "语言", theme: "配色", auto: "跟随系统", light: "浅色", dark: "深色", key: "API 密钥", pages: "页面",
    busy: "正在计算……", failed: "没有成功：", keyMissing: "这个服务器需要 API 密钥：请填写后再试一次。",
    model: "模型", space: "空格", lineFeed: "换行", tab: "制表符",
    page_continue: "续写文本", page_inside: "看看里面", page_fill: "填空", page_labels: "标签", page_how: "它是怎样工作的",
    first: "第一个词元：没有人知道它的概率。", row: "文本；用方向键选择词元",
  },
};
/* The pages of recur serve. */
const PAGES = [["continue", "./"], ["inside", "inside.html"], ["fill", "fill.html"], ["labels", "labels.html"], ["how", "how.html"]];

const $ = (id) => document.getElementById(id);
let language = "en";
const word = (key, ...values) => values.reduce((text, value, i) => text.replace(`{${i}}`, () => value),
  key in WORDS[language] ? WORDS[language][key] : COMMON[language][key]);

function number(value, digits = 3) {
  if (value === null || value === undefined) return "∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.0005 || size >= 10000)) return value.toExponential(1).replaceAll("-", "−");
  return value.toFixed(digits).replace("-", "−");
}

/* An element: properties, then children; texts become text nodes. */
function el(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties))
    if (key === "style") Object.assign(made.style, value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return made;
}

const sign = (token) => ({ " ": "␣", "\n": "↵", "\t": "⇥" })[token] || token;
/* A token's name for those who hear it. */
const spoken = (token) => ({ " ": word("space"), "\n": word("lineFeed"), "\t": word("tab") })[token] || token;
const range = (count) => Array.from({ length: count }, (_, i) => i);

/* A ground: blue above 0, orange below it, stronger the further from 0; `value` is from −1 to 1. */
function tint(value, strongest = 0.45) {
  const share = Math.min(1, Math.abs(value)) * strongest;
  return `rgba(var(${value < 0 ? "--below" : "--above"}), ${share.toFixed(3)})`;
}

/* A region that scrolls sideways, by keyboard too. */
const scrolls = (label, ...children) =>
  el("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: label }, ...children);

/* Bars: [[head, value, text, wanted], ...] of at most `most`. */
function bars(label, rows, most = Math.max(...rows.map((row) => row[1]))) {
  return el("table", { className: "bars" }, el("caption", {}, label),
    el("tbody", {}, rows.map(([head, value, text, wanted]) => el("tr", { className: wanted ? "wanted" : "" },
      el("th", { scope: "row" }, head), el("td", {}, text),
      el("td", { className: "bar" }, el("div", { className: "fill",
        style: { width: `${most > 0 ? Math.max(0, 100 * value / most) : 0}%` } }))))));
}

/* Rows of so many numbers as a picture. */
function heat(label, values, columns) {
  const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const picture = el("canvas", { className: "heat", width: columns, height: Math.ceil(values.length / columns), role: "img", ariaLabel: label });
  picture.style.width = `${columns * Math.max(3, Math.min(12, Math.floor(300 / columns)))}px`;
  const draw = picture.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  values.forEach((value, i) => {
    draw.fillStyle = `rgba(${style.getPropertyValue(value < 0 ? "--below" : "--above")}, ${most ? Math.abs(value) / most : 0})`;
    draw.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  });
  return picture;
}

/* What somebody chose stays chosen; where nothing may be kept, it does not. */
function remember(key, value, place = "localStorage") {
  try {
    if (value !== undefined) window[place].setItem(`recur-${key}`, value);
    return window[place].getItem(`recur-${key}`);
  } catch {
    return null;
  }
}

/* Says what happens; `text` makes the sentence, in another language once more. */
let saying = () => "";
function say(text) {
  saying = text;
  $("status").textContent = text();
}

/* Asks the server; `stop` is an AbortSignal. Returns the response, or fails with the server's own sentence. The key is kept
 * until the tab is closed. */
async function send(path, question, stop) {
  const headers = question ? { "Content-Type": "application/json" } : {};
  const key = $("key").value || remember("key", undefined, "sessionStorage");
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { method: question ? "POST" : "GET", headers, signal: stop,
    body: question ? JSON.stringify(question) : undefined });
  if (response.ok) {
    if ($("key").value) remember("key", $("key").value, "sessionStorage");
    return response;
  }
  $("keyed").hidden = response.status !== 401 && $("keyed").hidden;
  const said = await response.json().catch(() => null);
  throw new Error(response.status === 401 ? word("keyMissing") : said && said.error ? said.error.message : response.status);
}

/* The answer to a question; null where there is none, which the page says then. */
async function asks(path, question, stop) {
  say(() => word("busy"));
  try {
    const said = await (await send(path, question, stop)).json();
    say(() => "");
    return said;
  } catch (failure) {
    if (failure.name !== "AbortError") say(() => word("failed") + failure.message);
    return null;
  }
}

/* The models that answer what the page asks, and the chosen one of them, if there is one. */
let models = [];
const chosenModel = () => models.find((one) => one.id === $("model").value);

/* Fills the list of models with those that answer one of the addresses; without one the page says so. Then calls `then`. */
async function chooseModel(use, then = () => {}) {
  const said = await asks("v1/models");
  if (!said) return $("key").addEventListener("change", () => chooseModel(use, then), { once: true });
  models = said.data.filter((model) => [use].flat().some((path) => model.endpoints.includes(path)));
  $("model").replaceChildren(...models.map((model) => el("option", {}, model.id)));
  if (models.length === 0) say(() => word("none"));
  return then();
}

function choice(id, name, options) {
  return el("label", {}, el("span", { "data-word": name }), el("select", { id }, options));
}

/* The page's head: where else to go, title, language and theme, key, what happens. */
function makeHead(served) {
  const here = document.body.dataset.page;
  $("head").replaceChildren(el("div", { className: "top" },
    served ? el("nav", { id: "pages" }, PAGES.map(([name, address]) =>
      el("a", { href: address, "data-word": `page_${name}`, ...(name === here ? { ariaCurrent: "page" } : {}) }))) : "",
    el("div", { className: "tools" },
      choice("language", "language", [el("option", { value: "en", lang: "en" }, "English"), el("option", { value: "zh", lang: "zh-CN" }, "中文")]),
      choice("theme", "theme", ["auto", "light", "dark"].map((name) => el("option", { value: name === "auto" ? "" : name, "data-word": name }))),
      el("label", { id: "keyed", hidden: true }, el("span", { "data-word": "key" }), el("input", { id: "key", type: "password", autocomplete: "off" })))),
  el("h1", { "data-word": "title" }), el("p", { "data-word": "intro" }));
}

/* Puts all words in place, then the page's own. */
function showWords(show) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `${word("title")} · recur`;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = word(place.dataset.word);
  say(saying);
  if ($("pages")) $("pages").setAttribute("aria-label", word("pages"));
  show();
}

/* Begins a page: `show` draws what depends on the language or the theme. */
function begin(show, served = true) {
  makeHead(served);
  language = remember("language") || ((navigator.language || "").startsWith("zh") ? "zh" : "en");
  if (!WORDS[language]) language = "en";
  const theme = remember("theme") || "";
  $("language").value = language;
  $("theme").value = theme;
  document.documentElement.dataset.theme = theme;
  $("language").addEventListener("change", () => {
    language = $("language").value;
    remember("language", language);
    showWords(show);
  });
  $("theme").addEventListener("change", () => {
    document.documentElement.dataset.theme = $("theme").value;
    remember("theme", $("theme").value);
    showWords(show);
  });
  showWords(show);
}
