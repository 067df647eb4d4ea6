"""recur serve: embeddings, blanks and labels."""

import ast
import base64
import json
import math
import struct
import subprocess

from server import RECUR, Server, equal, main, train


def run(*arguments, stdin=""):
    return subprocess.run([RECUR, *map(str, arguments)], input=stdin, text=True, check=True,
                          capture_output=True).stdout


def near(got, expected, tolerance=1e-6):
    assert len(got) == len(expected), (len(got), len(expected))
    for a, b in zip(got, expected):
        assert abs(a - b) <= tolerance * max(1, abs(b)), (a, b)


def rows(path):
    """The array (tokens, width) of a .npy file of recur features."""
    data = path.read_bytes()
    size = struct.unpack("<H", data[8:10])[0]
    shape = ast.literal_eval(data[10:10 + size].decode())["shape"]
    numbers = struct.unpack(f"<{shape[0] * shape[1]}f", data[10 + size:])
    return [numbers[i * shape[1]:(i + 1) * shape[1]] for i in range(shape[0])]


def embeddings_are_pooled_features(folder):
    model = train(folder, "chars", "--layers", "2")
    text = "Mara kept the ferry"
    (folder / "text.txt").write_text(text, encoding="utf-8")
    with Server("-m", model) as server:
        for layer in 0, 1:
            run("features", "-m", model, folder / "text.txt", "-o", folder / "f.npy", "--layer",
                layer + 1)
            array = rows(folder / "f.npy")
            columns = list(zip(*array))
            for pooling, wanted in {"mean": [sum(c) / len(c) for c in columns],
                                    "last": array[-1], "max": [max(c) for c in columns]}.items():
                status, answer = server.post(
                    "/v1/embeddings", {"input": text, "pooling": pooling, "layer": layer})
                equal(status, 200)
                near(answer["data"][0]["embedding"], wanted)
        ids = server.post("/tokenize", {"content": text})[1]["tokens"]
        wanted = server.post("/v1/embeddings", {"input": text})[1]
        equal(sorted(wanted), ["data", "model", "object", "usage"])
        equal(wanted["usage"], {"prompt_tokens": len(text), "total_tokens": len(text)})
        equal(server.post("/v1/embeddings", {"input": ids})[1]["data"], wanted["data"])
        several = server.post("/v1/embeddings", {"input": [text, "A", text]})[1]["data"]
        equal([entry["index"] for entry in several], [0, 1, 2])
        equal(several[2]["embedding"], wanted["data"][0]["embedding"])
        packed = server.post("/v1/embeddings", {"input": [text, "A"], "encoding_format": "base64"})
        for entry, plain in zip(packed[1]["data"], several):
            raw = base64.b64decode(entry["embedding"], validate=True)
            near(struct.unpack(f"<{len(raw) // 4}f", raw), plain["embedding"])
        for wrong in ({"input": ""}, {"input": []}, {}, {"input": text, "layer": 2},
                      {"input": text, "dimensions": 5}, {"input": text, "pooling": "sum"},
                      {"input": text, "encoding_format": "hex"}, {"input": [10 ** 6]}):
            equal(server.post("/v1/embeddings", wrong)[0], 422)
        equal(server.post("/v1/embeddings", {"input": text, "dimensions": 16})[0], 200)


def activations_are_states_and_their_gates(folder):
    text = "Mara kept the ferry"
    models = {cell: train(folder, cell, "--layers", "2", "--cell", cell) for cell in ("lstm", "gru", "rnn")}
    both = train(folder, "both", "--task", "fill", "--bidirectional", "--cell", "lstm")
    with Server(*(word for model in [*models.values(), both] for word in ("-m", model))) as server:
        for cell, gates in [("lstm", "ifgoc"), ("gru", "rzn"), ("rnn", ""), ("both", "")]:
            layer = 0 if cell == "both" else 1
            status, answer = server.post("/v1/activations", {"input": text, "model": cell, "layer": layer})
            equal((status, answer["tokens"], answer["units"]), (200, list(text), 32 if cell == "both" else 16))
            last = server.post("/v1/embeddings", {"input": text, "model": cell, "layer": layer, "pooling": "last"})
            near(answer["states"][-1], last[1]["data"][0]["embedding"], 1e-4)  # 5 digits
            one = server.post("/v1/activations", {"input": text, "model": cell, "layer": layer, "unit": 5})[1]
            equal(one["state"], [state[5] for state in answer["states"]])
            equal("".join(one["gates"]), gates)
            before = [0, *one["state"]]
            g = one["gates"]
            if cell == "lstm":
                near([o * math.tanh(c) for o, c in zip(g["o"], g["c"])], one["state"], 1e-4)
            if cell == "gru":
                near([(1 - z) * n + z * h for z, n, h in zip(g["z"], g["n"], before)], one["state"], 1e-4)
        for wrong in {}, {"input": 3}, {"input": ["a", "b"]}, {"input": [1]}, {"input": text, "layer": 2}, \
                {"input": text, "unit": 16}, {"input": text, "unit": -1}, {"input": "a" * 70000}:
            equal(server.post("/v1/activations", {**wrong, "model": "lstm"})[0], 422)
        equal(server.post("/v1/activations", {"input": ""})[1]["tokens"], ["\n"])


def blanks_are_filled_as_recur_fill_does(folder):
    model = train(folder, "fill", "--task", "fill", "--bidirectional")
    texts = ["Mara _ept the _erry", "no blank", "\u4f60_\n\ta", ""]
    with Server("-m", model, "-m", folder / "chars.safetensors") as server:
        status, answer = server.post("/v1/fill", {"input": texts, "top": 3})
        equal((status, answer["model"], answer["object"]), (200, "fill", "list"))
        for text, entry in zip(texts, answer["data"]):
            said = run("fill", "-m", model, "--top", "3", text)
            wanted = [f"{filling['probability']:.4f}\t{filling['text']}"
                      for filling in entry["fillings"]]
            equal("\n".join(wanted).strip("\n"), said.strip("\n"))
        equal([filling["blanks"] for entry in answer["data"] for filling in entry["fillings"]],
              [2, 2, 2, 0, 1, 1, 1, 0])
        other = server.post("/v1/fill", {"input": "Mara ?ept", "blank": "?"})[1]
        equal(len(other["data"][0]["fillings"]), 1)
        for wrong in ({"input": "a_", "model": "chars"}, {"input": "a_", "blank": "__"},
                      {"input": "_" * 2000}, {"input": 5}, {"input": [1]}, {}, {"input": "_", "top": 0}):
            equal(server.post("/v1/fill", wrong)[0], 422)
        equal(server.post("/v1/completions", {"prompt": "a", "model": "fill"})[0], 422)
        equal(server.post("/v1/completions", {"prompt": "a"})[1]["model"], "chars")
        equal(server.post("/v1/classify", {"input": "a"})[0], 404)


def texts_are_labelled_as_recur_predict_does(folder):
    lines = [f"{'up' if i % 3 else 'down'}\t{'the sun' if i % 3 else 'rain'} number {i}"
             for i in range(60)] + ["side\tneither"] * 5
    (folder / "texts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    model = train(folder, "mood", "--task", "classify", "--tokens", "word", folder / "texts.tsv")
    texts = ["the sun", "rain", "a\ttab\nand\rlines", "", "\u4f60"]
    with Server("-m", model, "--max-prompt", 100) as server:
        status, answer = server.post("/v1/classify", {"input": texts, "top": 2})
        equal(status, 200)
        equal([entry["index"] for entry in answer["data"]], list(range(len(texts))))
        clean = [text.translate({9: 32, 10: 32, 13: 32}) for text in texts]
        said = run("predict", "-m", model, "--json", "--top", 2, "-", stdin="\n".join(clean) + "\n")
        for line, entry in zip(said.strip().split("\n"), answer["data"]):
            wanted = json.loads(line)
            equal(entry["label"], wanted["label"])
            equal({one["label"]: one["probability"] for one in entry["probabilities"]},
                  wanted["probabilities"])
            equal(len(entry["probabilities"]), 2)
        equal(server.post("/v1/classify", {"input": "rain " * 101})[0], 422)
        equal(server.post("/v1/classify", {"input": "rain"})[1]["data"][0]["probabilities"],
              server.post("/v1/classify", {"input": "rain", "top": 99})[1]["data"][0][
                  "probabilities"])


def words_are_labelled_as_recur_predict_does(folder):
    sentence = "Mara B-PER\nrows O\nto O\nUlm B-LOC\n. O\n\n"
    (folder / "words.conll").write_text(sentence * 20, encoding="utf-8")
    for name, options in ("tags", []), ("crf", ["--crf"]):
        model = train(folder, name, "--task", "tag", *options, folder / "words.conll")
        with Server("-m", model) as server:
            texts = ["Mara rows to Ulm .", "  ", "Ulm \t rows\n.", "", "\u4f60\u597d Mara"]
            status, answer = server.post("/v1/tag", {"input": texts})
            equal(status, 200)
            for text, entry in zip(texts, answer["data"]):
                equal([word["word"] for word in entry["words"]], text.split())
                for word in entry["words"]:
                    assert (word["probability"] is None) == (name == "crf"), word
                if not text.split():
                    continue
                said = run("predict", "-m", model, "--layout", "sentences", "-",
                           stdin=" ".join(text.split()) + "\n")
                equal("\n".join(f"{word['word']} {word['label']}" for word in entry["words"]),
                      said.strip())
            letters = server.post("/v1/tag", {"input": "\u4f60\u597d a", "characters": True})[1]
            equal([word["word"] for word in letters["data"][0]["words"]], list("\u4f60\u597da"))
            equal(server.post("/v1/tag", {"input": ["", " "]})[1]["data"],
                  [{"index": 0, "words": []}, {"index": 1, "words": []}])


if __name__ == "__main__":
    main([
        embeddings_are_pooled_features,
        activations_are_states_and_their_gates,
        blanks_are_filled_as_recur_fill_does,
        texts_are_labelled_as_recur_predict_does,
        words_are_labelled_as_recur_predict_does,
    ])
