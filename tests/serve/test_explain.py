"""recur serve: the tutorial's way on a client's text, and the pages."""

import json
import re
import subprocess

from server import RECUR, Server, equal, main, train


def answers_are_those_of_the_command(folder):
    with Server("-m", train(folder, "m")) as server:
        for question, options in [
            ({}, []),
            ({"text": None, "hidden": None}, []),
            ({"text": "the cat sat on the mat", "tokens": "word", "hidden": [3, 2]},
             ["the cat sat on the mat", "--tokens", "word", "--hidden", "3,2"]),
            ({"text": "\u6211\u7231\u5317\u4eac</script>", "cell": "lstm", "embedding": 2, "clip": 0.1, "seed": 7, "updates": 9},
             ["\u6211\u7231\u5317\u4eac</script>", "--cell", "lstm", "--embed", "2", "--clip", "0.1", "--seed", "7",
              "--updates", "9"]),
            ({"text": "Ab, ab; aB. ab", "clean": "letters", "sampling": "random", "optimizer": "adam", "lr": 0.01,
              "steps": 3, "batch": 2, "activation": "relu", "init": "normal", "biases": 1},
             ["Ab, ab; aB. ab", "--clean", "letters", "--sampling", "random", "--optimizer", "adam", "--lr", "0.01",
              "--steps", "3", "--batch", "2", "--activation", "relu", "--init", "normal", "--biases", "1"]),
        ]:
            status, answer = server.post("/explain.json", question)
            equal(status, 200)
            said = subprocess.run([RECUR, "explain", "--json", *options], check=True, capture_output=True).stdout
            equal(answer, json.loads(said))


def wrong_questions_are_refused(folder):
    with Server("-m", train(folder, "m")) as server:
        for question, expected in [
            ("{", 400), ("[]", 400), ("7", 400), ('{"text": "ab", "text": "ab"}', 400),
            ({"text": "a"}, 422), ({"text": 3}, 422), ({"what": 1}, 422), ({"bidirectional": True}, 422),
            ({"cell": "x"}, 422), ({"cell": 1}, 422), ({"lr": 0}, 422), ({"lr": "1"}, 422), ({"clip": -1}, 422),
            ({"steps": 0}, 422), ({"steps": 65}, 422), ({"steps": 2.5}, 422), ({"batch": 17}, 422),
            ({"hidden": 3}, 422), ({"hidden": []}, 422), ({"hidden": [0]}, 422), ({"hidden": [257]}, 422),
            ({"hidden": [1] * 5}, 422), ({"updates": 10001}, 422), ({"seed": -1}, 422),
            ({"hidden": [256], "cell": "lstm", "updates": 10000}, 422),
            ({"text": "ab" * 300, "hidden": [200, 200], "cell": "gru", "steps": 64, "batch": 4, "updates": 0}, 422),
        ]:
            status, answer = server.post("/explain.json", question)
            equal((status, bool(answer["error"]["message"])), (expected, True))
        equal(server.ask("GET", "/explain.json")[0], 405)


def the_pages_are_there(folder):
    keys = folder / "keys"
    keys.write_text("secret\n", encoding="ascii")
    keys.chmod(0o600)
    with Server("-m", train(folder, "m"), "--api-key-file", keys) as server:
        kinds = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
        for path in ["/", "/inside.html", "/fill.html", "/labels.html", "/how.html"]:
            status, headers, page = server.ask("GET", path)
            equal((status, headers["Content-Type"].split(";")[0]), (200, "text/html"))
            for name in re.findall(r'(?:src|href)="(\w+\.\w+)"', page.decode()):
                status, headers, body = server.ask("GET", f"/{name}")
                equal((status, headers["Content-Type"].split(";")[0], len(body) > 300), (200, kinds[name.split(".")[1]], True))
        equal(server.post("/explain.json", {})[0], 401)
        equal(server.post("/explain.json", {}, Authorization="Bearer secret")[0], 200)


main([answers_are_those_of_the_command, wrong_questions_are_refused, the_pages_are_there])
