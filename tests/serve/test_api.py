"""recur serve: what it answers."""

import json
import re
import subprocess
from pathlib import Path

from server import RECUR, Server, equal, main, train

HERE = Path(__file__).resolve().parent


def generated(model, prompt, count, *options):
    """What recur generate makes, without the line feed that it adds where one is missing."""
    command = [RECUR, "generate", "-m", model, "-p", prompt, "-n", str(count),
               "--no-display-prompt", *options]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return text


def same_text(got, made):
    if got != made and got + "\n" != made:
        raise AssertionError(f"got {got!r}, recur generate makes {made!r}")


def texts_are_those_of_recur_generate(folder):
    model = train(folder, "chars")
    with Server("-m", model) as server:
        for seed in 1, 2, 3:
            answer = server.complete("Mara ", max_tokens=60, seed=seed, temperature=0.8)
            same_text(answer["choices"][0]["text"],
                      generated(model, "Mara ", 60, "--temp", "0.8", "-s", str(seed)))
        sampling = {"temperature": 1.2, "top_k": 9, "top_p": 0.8, "min_p": 0.02, "seed": 7,
                    "repetition_penalty": 1.3, "frequency_penalty": 0.2, "presence_penalty": 0.1}
        options = ["--temp", "1.2", "--top-k", "9", "--top-p", "0.8", "--min-p", "0.02", "-s", "7",
                   "--repetition-penalty", "1.3", "--frequency-penalty", "0.2",
                   "--presence-penalty", "0.1"]
        answer = server.complete("Mara ", max_tokens=80, **sampling)
        same_text(answer["choices"][0]["text"], generated(model, "Mara ", 80, *options))
        equal(server.complete("", max_tokens=9, temperature=0)["choices"][0]["text"].strip("\n"),
              generated(model, "", 9, "--temp", "0").strip("\n"))


def an_answer_has_openai_s_members(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        answer = server.complete("Mara", max_tokens=5, seed=4)
        equal(sorted(answer), ["choices", "created", "id", "model", "object", "seed", "usage"])
        equal(answer["object"], "text_completion")
        equal(answer["model"], "chars")
        equal(answer["seed"], 4)
        choice = answer["choices"][0]
        equal(sorted(choice), ["finish_reason", "index", "logprobs", "text"])
        equal((choice["index"], choice["logprobs"], choice["finish_reason"]), (0, None, "length"))
        usage = answer["usage"]
        equal((usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]),
              (4, 5, 9))
        again = server.complete("Mara", max_tokens=5)
        equal(server.complete("Mara", max_tokens=5, seed=again["seed"])["choices"],
              again["choices"])
        models = json.loads(server.ask("GET", "/v1/models")[2])
        equal([model["id"] for model in models["data"]], ["chars"])
        equal(json.loads(server.ask("GET", "/v1/models/chars")[2]), models["data"][0])
        equal(server.ask("GET", "/v1/models/other")[0], 404)
        equal(server.ask("GET", "/healthz")[::2], (200, b'{"status":"ok"}'))
        equal(server.ask("HEAD", "/healthz")[::2], (200, b""))


def events_make_up_the_whole_text(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        body = {"prompt": ["Mara ", "The "], "n": 2, "max_tokens": 300, "seed": 3, "logprobs": 1,
                "echo": True, "stop": ["zq"]}
        whole = server.complete(**body)
        events = server.events({**body, "stream_options": {"include_usage": True}})
        equal(events[-1]["choices"], [])
        equal({**events[-1]["usage"], "prompt_tokens_details": 0},
              {**whole["usage"], "prompt_tokens_details": 0})
        for index, choice in enumerate(whole["choices"]):
            parts = [event["choices"][0] for event in events[:-1]
                     if event["choices"][0]["index"] == index]
            equal("".join(part["text"] for part in parts), choice["text"])
            equal([part["finish_reason"] for part in parts],
                  [None] * (len(parts) - 1) + [choice["finish_reason"]])
            for key in "tokens", "token_logprobs", "top_logprobs", "text_offset":
                equal(sum((part["logprobs"][key] for part in parts), []), choice["logprobs"][key])
        equal({event["id"] for event in events}, {events[0]["id"]})


def prompts_may_be_ids(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        ids = server.post("/tokenize", {"content": "Mara "})[1]["tokens"]
        wanted = server.complete("Mara ", max_tokens=20, seed=1, echo=True)["choices"]
        equal(server.complete(ids, max_tokens=20, seed=1, echo=True)["choices"], wanted)
        several = server.complete([ids, ids[:2]], max_tokens=20, seed=1, echo=True)["choices"]
        equal(several[0], wanted[0])
        equal(several[1]["text"][:2], "Ma")
        equal(server.post("/detokenize", {"tokens": ids})[1], {"content": "Mara "})
        pieces = server.post("/tokenize", {"content": "Ma\u20ac", "with_pieces": True})[1]
        equal([token["piece"] for token in pieces["tokens"]], ["M", "a", "<unk>"])
        equal((pieces["count"], pieces["unknown"]), (3, 1))
        equal(server.post("/detokenize", {"tokens": [10 ** 6]})[0], 422)


def stops_end_a_text_before_them(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        plain = server.complete("The ", max_tokens=200, seed=2)["choices"][0]["text"]
        for stop in plain[50:51], plain[50:53], plain[120:125]:
            place = plain.index(stop)
            for body in ({"stop": stop}, {"stop": ["\u20ac\u20ac", stop, "zzzz"]}):
                choice = server.complete("The ", max_tokens=200, seed=2, **body)["choices"][0]
                equal((choice["text"], choice["finish_reason"]), (plain[:place], "stop"))
                events = server.events({"prompt": "The ", "max_tokens": 200, "seed": 2, **body})
                equal("".join(e["choices"][0]["text"] for e in events), plain[:place])
        equal(server.complete("The ", max_tokens=200, seed=2, stop=None)["choices"][0]["text"],
              plain)


def probabilities_are_the_model_s(folder):
    """The sum over a text's tokens is what recur eval says of it."""
    model = folder / "chars.safetensors"
    text = "Mara kept the ferry. The river was"
    (folder / "text.txt").write_text(text, encoding="utf-8")
    said = subprocess.run([RECUR, "eval", "-m", model, folder / "text.txt", "--json"],
                          capture_output=True, check=True).stdout
    with Server("-m", model) as server:
        answer = server.complete(text, max_tokens=0, echo=True, logprobs=20)
        chances = answer["choices"][0]["logprobs"]
        equal(answer["choices"][0]["text"], text)
        equal(chances["tokens"], list(text))
        equal(chances["text_offset"], list(range(len(text))))
        equal(chances["token_logprobs"][0], None)
        loss = -sum(chances["token_logprobs"][1:]) / (len(text) - 1)
        assert abs(loss - json.loads(said)["loss"]) < 1e-5, (loss, said)
        for token, chance, tops in zip(chances["tokens"][1:], chances["token_logprobs"][1:],
                                       chances["top_logprobs"][1:]):
            equal(list(tops.values()), sorted(tops.values(), reverse=True))
            assert token not in tops or tops[token] == chance, (token, chance, tops)


def tokens_begin_where_the_text_says(folder):
    """Also where the prompt has what the vocabulary lacks."""
    words = train(folder, "words", "--tokens", "word", "--word-rule", "space")
    with Server("-m", folder / "chars.safetensors", "-m", words, "-m", train(folder, "small", "--clean", "letters")) as server:
        capitals = server.complete("RIVER river", model="small", max_tokens=0, echo=True, logprobs=0)["choices"][0]["logprobs"]
        equal(capitals["text_offset"], list(range(11)))
        for model, text in [("chars", "The \u20ac\u20ac river"), ("words", "The \u20ac\u20ac  river \u20ac\n was")]:
            answer = server.complete(text, model=model, max_tokens=3, echo=True, logprobs=0)
            chances = answer["choices"][0]["logprobs"]
            places, count = chances["text_offset"], answer["usage"]["prompt_tokens"]
            equal(places, sorted(places))
            for token, place in zip(chances["tokens"][:count], places):
                wanted = "\u20ac" if token == "<unk>" else token
                equal(text[place : place + len(wanted)], wanted)
            equal([place >= len(text) for place in places], [i >= count for i in range(count + 3)])


def llama_s_completion_is_the_same_text(folder):
    with Server("-m", folder / "chars.safetensors", "--max-tokens", "50") as server:
        wanted = server.complete("The ", max_tokens=40, seed=5, temperature=0.8, top_k=10)
        asked = {"prompt": "The ", "n_predict": 40, "seed": 5, "temperature": 0.8, "top_k": 10, "n_probs": 3}
        status, answer = server.post("/completion", asked)
        equal((status, answer["content"], answer["stop"], answer["stop_type"]), (200, wanted["choices"][0]["text"], True, "limit"))
        equal((answer["tokens_predicted"], answer["tokens_evaluated"]), (40, 4))
        chances = answer["completion_probabilities"]
        equal(("".join(one["token"] for one in chances), len(chances[0]["top_logprobs"])), (answer["content"], 3))
        status, headers, said = server.ask("POST", "/completion", {**asked, "stream": True})
        events = [json.loads(part.removeprefix("data: ")) for part in said.decode().split("\n\n")[:-1]]
        equal("".join(event["content"] for event in events), answer["content"])
        equal([one for event in events for one in event["completion_probabilities"]], chances)
        equal([event["stop"] for event in events], [False] * (len(events) - 1) + [True])
        free = server.post("/completion", {"prompt": "The ", "n_predict": -1, "seed": -1})[1]
        equal(free["tokens_predicted"], 50)
        equal(server.post("/completion", {"prompt": "The ", "stop": [free["content"][10:13]], "n_predict": 50,
                                          "seed": free["generation_settings"]["seed"]})[1]["stop_type"], "word")
        for wrong in {"prompt": ["a", "b"]}, {"prompt": "a", "n": 2}, {"prompt": "a", "echo": True}, {"prompt": "a", "n_predict": -2}, \
                {"prompt": "a", "n_predict": 51}, {"prompt": "a", "mirostat": 1}:
            equal(server.post("/completion", wrong)[0], 422)


def the_best_of_several(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        body = {"prompt": "The ", "max_tokens": 12, "seed": 5, "logprobs": 0}
        every = server.complete(**body, n=8)["choices"]
        mean = lambda c: sum(c["logprobs"]["token_logprobs"]) / 12
        best = server.complete(**body, n=2, best_of=8)["choices"]
        equal([c["text"] for c in best],
              [c["text"] for c in sorted(every, key=mean, reverse=True)[:2]])
        equal([c["index"] for c in best], [0, 1])
        single = server.complete(**{**body, "seed": 7})["choices"][0]["text"]
        equal(every[2]["text"], single)  # text number i has the seed plus i
        equal(server.post("/v1/completions", {**body, "best_of": 2, "n": 3})[0], 422)
        equal(server.post("/v1/completions", {**body, "best_of": 3, "stream": True})[0], 422)


def a_text_that_goes_on_pays_for_new_tokens_alone(folder):
    model = folder / "chars.safetensors"
    with Server("-m", model, "--cache", "0") as fresh, Server("-m", model) as server:
        text = "Mara kept the ferry. "
        for turn in range(5):
            body = {"max_tokens": 30, "seed": turn, "logprobs": 3}
            answer, wanted = server.complete(text, **body), fresh.complete(text, **body)
            equal(answer["choices"], wanted["choices"])
            known = answer["usage"]["prompt_tokens_details"]["cached_tokens"]
            equal(known, 0 if turn == 0 else before - 1)
            equal(wanted["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
            text += answer["choices"][0]["text"]
            before = len(text)
            text += f" And turn {turn}. "
        again = server.complete(text, max_tokens=3)["usage"]
        twice = server.complete(text, max_tokens=3)["usage"]
        equal(twice["prompt_tokens_details"]["cached_tokens"], again["prompt_tokens"] - 1)
        off = server.complete(text, max_tokens=3, cache_prompt=False)["usage"]
        equal(off["prompt_tokens_details"]["cached_tokens"], 0)


def the_cache_is_bounded(folder):
    with Server("-m", folder / "chars.safetensors", "--cache", "1") as server:
        for first in range(0, 6000, 500):
            prompts = [f"Text number {number} " for number in range(first, first + 500)]
            for start in range(0, 500, 100):
                server.complete(prompts[start:start + 100], max_tokens=2)
        assert 0 < server.metric("recur_cache_bytes") <= 1 << 20
        last = server.complete(prompts[-1], max_tokens=1)["usage"]
        equal(last["prompt_tokens_details"]["cached_tokens"], last["prompt_tokens"] - 1)


def words_and_bytes(folder):
    words = train(folder, "words", "--tokens", "word", "--word-rule", "space")
    single = train(folder, "bytes", "--tokens", "byte")
    pairs = train(folder, "pairs", "--tokens", "bpe", "--vocab-size", "300")
    with Server("-m", words, "-m", single, "-m", pairs) as server:
        for model, name in (words, "words"), (single, "bytes"):
            answer = server.complete("Mara kept", max_tokens=30, seed=3, model=name,
                                     temperature=0.8)
            same_text(answer["choices"][0]["text"], generated(model, "Mara kept", 30, "-s", "3"))
        answer = server.complete("Mara ", max_tokens=30, n=2, logprobs=1, model="pairs", temperature=0)
        for choice in answer["choices"]:  # behind a space comes a token that begins with one
            same_text(choice["text"], generated(pairs, "Mara ", 30, "--temp", "0"))
            first = choice["logprobs"]["tokens"][0]
            equal((first[0], choice["text"].startswith(first[1:])), (" ", True))
        answer = server.complete("\u20ac", max_tokens=2, seed=1, model="bytes", logprobs=1,
                                 echo=True, temperature=50)["choices"][0]
        equal(answer["logprobs"]["tokens"][:3], ["<unk>"] * 3)
        equal(answer["text"][0], "\u20ac")
        equal(server.post("/v1/completions", {"prompt": "a", "model": "none"})[0], 404)


def many_texts_at_once_are_those_of_one(folder):
    """More than run at once, so that some wait; on any number of threads."""
    model = folder / "chars.safetensors"
    wanted = None
    for threads in 1, 3:
        with Server("-m", model, "--threads", threads, "--streams", 40) as server:
            answer = server.complete(["Mara ", "The river ", "A"], n=40, max_tokens=40, seed=9)
            texts = [choice["text"] for choice in answer["choices"]]
            assert len(set(texts)) > 40, texts
            wanted = wanted or texts
            equal(texts, wanted)
            single = server.complete("The river ", max_tokens=40, seed=9 + 17)
            equal(single["choices"][0]["text"], texts[40 + 17])


def the_description_is_what_is_answered(folder):
    """/openapi.json has the server's addresses, and the members that requests may have."""
    with Server("-m", folder / "chars.safetensors") as server:
        status, headers, text = server.ask("GET", "/openapi.json")
        equal((status, headers["Content-Type"]), (200, "application/json"))
        described = json.loads(text)
        pages = HERE.parent.parent / "docs" / "serving.md"
        for path, methods in described["paths"].items():
            path = path.replace("{name}", "chars")
            for method in "GET", "POST":
                status, _, answer = server.ask(method, path, "{}" if method == "POST" else None)
                assert (status == 405) == (method.lower() not in methods), (path, method, status)
            assert f" {path}`" in pages.read_text().replace("NAME", "chars"), path
            for schema, needed in [(c["schema"], m["requestBody"]["required"]) for m in methods.values()
                                   if "requestBody" in m for c in m["requestBody"]["content"].values()]:
                members = described["components"]["schemas"][schema["$ref"].split("/")[-1]]
                status, answer = server.post(path, dict.fromkeys(members["properties"]))
                equal(answer.get("error", {}).get("code"), "missing_parameter" if needed else None)
                status, answer = server.post(path, {"other": 1})
                equal(answer["error"]["code"], "unknown_parameter")
        source = (HERE.parent.parent / "cli" / "serve" / "cmd_serve.c").read_text()
        for path in re.findall(r'\{"(?:GET|POST)", "([^"]+)"', source):
            assert path in described["paths"] or path + "{name}" in described["paths"], path
        requests = (HERE.parent.parent / "cli" / "serve" / "request.c").read_text()
        for name in re.findall(r'\{(?:\.name = )?"(\w+)", (?:\.kind = )?MEMBER_(?!ABSENT)', requests):
            assert f'"{name}":' in text.decode(), name


if __name__ == "__main__":
    main([
        texts_are_those_of_recur_generate,
        an_answer_has_openai_s_members,
        events_make_up_the_whole_text,
        prompts_may_be_ids,
        stops_end_a_text_before_them,
        probabilities_are_the_model_s,
        tokens_begin_where_the_text_says,
        llama_s_completion_is_the_same_text,
        the_best_of_several,
        a_text_that_goes_on_pays_for_new_tokens_alone,
        the_cache_is_bounded,
        words_and_bytes,
        many_texts_at_once_are_those_of_one,
        the_description_is_what_is_answered,
    ])
