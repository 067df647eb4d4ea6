"""recur serve --device: a GPU, which is the stand-in (tests/gpu), computes what a CPU does, or says that it failed."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from server import RECUR, Server, equal, main, train

STANDIN = {"RECUR_CUDA": os.environ["STANDIN"]}
PROMPTS = ["The lock", "Mara", "a", "the river and the boat", "On", "e", "water", "in the morning"]


def on_gpu(*options, **settings):
    return Server(*options, env=os.environ | STANDIN | settings)


def ask_all(server):
    """The texts of prompts that are continued side by side."""
    def text(seed, prompt):
        return server.complete(prompt, max_tokens=20, seed=seed, temperature=0.8)["choices"][0]["text"]
    with ThreadPoolExecutor(len(PROMPTS)) as pool:
        return list(pool.map(text, range(len(PROMPTS)), PROMPTS))


def device(server, name):
    return json.loads(server.ask("GET", f"/v1/models/{name}")[2])["device"]


def chosen(answer):
    """What an answer says without its probabilities, whose last digits differ."""
    return [entry.get("label") or [filling["text"] for filling in entry["fillings"]] for entry in answer["data"]]


def labelled(folder):
    text = folder / "labelled.tsv"
    text.write_text("good\ta fine day\nbad\ta sad day\n" * 12, encoding="utf-8")
    return train(folder, "mood", text, "--task", "classify", "--validation", "0")


def answers_are_those_of_the_cpu(folder):
    models = []
    for path in [train(folder, "text"), train(folder, "blanks", "--task", "fill"), labelled(folder)]:
        models += ["-m", path]
    fill = {"model": "blanks", "input": "the r_ver"}
    classify = {"model": "mood", "input": ["a fine day", "a sad one"]}
    counts = folder / "counts"
    with Server(*models) as cpu, on_gpu(*models, "--device", "cuda", STANDIN_COUNTS=str(counts)) as gpu:
        equal([device(cpu, "text"), device(gpu, "text"), device(gpu, "mood")], ["cpu", "cuda 9.0", "cuda 9.0"])
        assert "text: Stand-in for a GPU (cuda 9.0)\n" in gpu.said, gpu.said
        equal(ask_all(gpu), ask_all(cpu))
        for path, body in [("/v1/fill", fill), ("/v1/classify", classify)]:
            (status, got), (_, wanted) = gpu.post(path, body), cpu.post(path, body)
            equal((status, chosen(got)), (200, chosen(wanted)))
        got, wanted = (s.post("/v1/embeddings", {"input": "Mara"})[1]["data"][0]["embedding"] for s in (gpu, cpu))
        assert max(abs(a - b) for a, b in zip(got, wanted, strict=True)) < 1e-5, (got, wanted)
    launches = [line for line in counts.read_text(encoding="utf-8").splitlines() if line.startswith("launches")]
    assert int(launches[0].split()[1]) > 100, launches


def auto_passes_over_a_gpu_that_cannot(folder):
    normalised = train(folder, "normalised", "--cell", "ln-lstm")
    with on_gpu("-m", normalised, "-m", train(folder, "text"), "--device", "auto") as server:
        equal([device(server, "normalised"), device(server, "text")], ["cpu", "cuda 9.0"])
        assert server.said.startswith("normalised: cpu: layer normalisation does not run on a GPU yet\n"), server.said
    for options, said in {
        ("-m", normalised, "--device", "cuda"): "normalised: layer normalisation does not run on a GPU yet",
        ("-m", normalised, "--device", "gpu"): '--device must be one of auto, cpu, cuda, got "gpu"',
    }.items():
        done = subprocess.run([RECUR, "serve", "--port", "0", *options], env=os.environ | STANDIN, text=True,
                              capture_output=True, check=False)
        equal((done.returncode > 0, done.stderr), (True, f"recur serve: {said}\n"))


def a_gpu_that_fails_is_told_of(folder):
    models = ["-m", train(folder, "text"), "-m", train(folder, "normalised", "--cell", "ln-lstm"), "-m", labelled(folder)]
    asked = {
        "completions": {"prompt": "the", "max_tokens": 9, "cache_prompt": False},
        "embeddings": {"input": "the"},
        "classify": {"input": ["a fine day"]},
    }
    for path, body in asked.items():
        with on_gpu(*models, "--device", "auto", STANDIN_FAIL_LAUNCH="5") as server:
            equal(server.ask("GET", "/healthz")[0], 200)
            for _ in range(2):
                status, answer = server.post(f"/v1/{path}", body)
                equal((status, answer["error"]["code"]), (500, "device_failed"))
                assert answer["error"]["message"].startswith("the GPU failed while "), answer
            equal(server.ask("GET", "/healthz")[0], 503)
            equal(server.complete("the", model="normalised", max_tokens=3)["usage"]["completion_tokens"], 3)
            said = server.process.stderr.readline()
            assert said.startswith("recur serve: the GPU failed while "), said
            assert said.endswith("; requests that it computes fail until the server is started anew\n"), said
            server.stop()
            equal(server.process.stderr.read(), "")


if "cuda" not in subprocess.run([RECUR, "--version"], capture_output=True, text=True, check=True).stdout:
    print("1..0 # SKIP this build has no kernels for GPUs")
    sys.exit(0)
main([answers_are_those_of_the_cpu, auto_passes_over_a_gpu_that_cannot, a_gpu_that_fails_is_told_of])
