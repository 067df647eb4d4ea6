/* A text as a row of tokens, of which one is chosen, with the pointer or by arrow keys; and the tokens that were possible in
 * the place of one. */
"use strict";
class TokenRow {
  /* Fills `place`; `chosen` is called with the number of the token that is chosen. */
  constructor(place, chosen) {
    this.place = place;
    this.chosen = chosen;
    this.clear();
    Object.assign(place, { tabIndex: 0, role: "listbox", className: "tokens" });
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("click", (event) => {
      const at = this.items.indexOf(event.target.closest("[role=option]"));
      if (at >= 0) this.choose(at, true);
    });
  }

  clear() {
    this.items = [];
    this.at = -1;
    this.held = false; /* somebody chose a token himself */
    this.place.hidden = true;
    this.place.replaceChildren();
    this.place.removeAttribute("aria-activedescendant");
  }

  /* Sets the text of a token, which is added where it is the next one; `name` is what it is called. */
  set(at, text, name, kind = "") {
    if (at === this.items.length) {
      this.place.hidden = false;
      this.items.push(this.place.appendChild(el("span", { role: "option", id: `${this.place.id}-${at}`, ariaSelected: "false" })));
    }
    this.items[at].textContent = text.replaceAll("\n", "↵\n").replaceAll("\t", "⇥\t") || "·";
    this.items[at].className = kind;
    if (/^\s*$/.test(text)) this.items[at].setAttribute("aria-label", name === text ? spoken(text) || "·" : name);
    else this.items[at].removeAttribute("aria-label");
  }

  /* Paints a token; a value from −1 to 1, or null. */
  paint(at, value) {
    this.items[at].style.backgroundColor = value === null ? "" : tint(value);
  }

  choose(at, held = false) {
    if (at < 0 || at >= this.items.length) return;
    if (this.items[this.at]) this.items[this.at].setAttribute("aria-selected", "false");
    this.at = at;
    this.held = this.held || held;
    this.items[at].setAttribute("aria-selected", "true");
    this.place.setAttribute("aria-activedescendant", this.items[at].id);
    if (held) this.items[at].scrollIntoView({ block: "nearest" });
    this.chosen(at);
  }

  key(event) {
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.choose(Math.max(0, Math.min(this.items.length - 1, this.at + moves[event.key])), true);
  }
}

/* How much a surprise, −ln p, is painted: all of it from 6 nats up, p = 0.25 %. */
const surprise = (logprob) => logprob === null ? null : Math.max(-1, logprob / 6);

/* Tokens that were possible in the place of one; `tops` is the API's object. */
function alternatives(token, logprob, tops) {
  if (logprob === null || tops === null) return [el("p", {}, word("first"))];
  const rows = Object.entries(tops).sort((a, b) => b[1] - a[1]);
  if (!rows.some(([name]) => name === token)) rows.push([token, logprob]);
  return [bars(word("alternatives", spoken(token), number(Math.exp(logprob)), number(-logprob, 2)),
    rows.map(([name, value]) => [sign(name), Math.exp(value), number(Math.exp(value)), name === token]), 1)];
}
