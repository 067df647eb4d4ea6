"""recur serve and the openai package from npm, unchanged. Skipped where either is absent:
`scripts/setup interop` installs the package."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "serve"))

from server import PATIENCE, Server, equal, skip_without_library, train, wait_until


def ask(server, *key):
    run = subprocess.run(
        ["node", HERE / "run_openai.js", f"http://127.0.0.1:{server.port}", *key],
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def check(folder):
    model = train(folder, "chars")
    keys = folder / "keys"
    keys.write_text("key-of-the-test\n", encoding="utf-8")
    keys.chmod(0o600)
    with Server("-m", model) as server:
        got = ask(server)
        whole, streamed = got["completions"]["whole"], got["completions"]["streamed"]
        equal(got["models"], ["chars"])
        equal((got["model"]["id"], got["model"]["owned_by"]), ("chars", "recur"))
        plain = server.complete("The ", max_tokens=40, seed=3, temperature=0.8)
        equal(whole["choices"][0]["text"], plain["choices"][0]["text"])
        equal(len(whole["choices"][0]["logprobs"]["tokens"]), 40)
        equal(streamed["text"], whole["choices"][0]["text"])
        equal(streamed["finish_reason"], "length")
        equal(streamed["usage"]["total_tokens"], whole["usage"]["total_tokens"])
        equal(got["several"], 4)
        equal(len(got["embedding"]), 16)
        assert all(abs(a - b) < 1e-6 for a, b in zip(got["embedding"], got["plain"])), got
        equal(got["broken"], "text_completion")
        failures = got["failures"]
        equal((failures["model"]["name"], failures["model"]["code"]),
              ("NotFoundError", "model_not_found"))
        equal((failures["value"]["name"], failures["value"]["param"], failures["value"]["type"]),
              ("UnprocessableEntityError", "temperature", "invalid_request_error"))
        equal(failures["chat"]["status"], 404)
        assert wait_until(lambda: server.metric("recur_streams_running") == 0)
    with Server("-m", model, "--api-key-file", keys) as server:
        got = ask(server, "key-of-the-test")
        equal(got["failures"]["key"]["name"], "AuthenticationError")
        equal(got["failures"]["key"]["code"], "invalid_api_key")


def main():
    if not shutil.which("node") or not (HERE / "node_modules" / "openai").is_dir():
        print("1..0 # SKIP no openai package; scripts/setup interop installs it")
        return
    skip_without_library()
    print("1..1")
    with tempfile.TemporaryDirectory(prefix="recur-openai-") as folder:
        try:
            check(Path(folder))
        except Exception:
            print("not ok 1 - openai")
            raise
    print("ok 1 - openai")


if __name__ == "__main__":
    main()
