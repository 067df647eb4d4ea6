"""recur serve: who may ask, how much, and which status says so."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time

from server import JSON, PATIENCE, RECUR, Server, equal, main, train, wait_until

COMPLETIONS = "/v1/completions"
SMALL = {"prompt": "a", "max_tokens": 1}


def refused(answer, status, code):
    """An error in OpenAI's shape."""
    equal(answer[0], status)
    error = json.loads(answer[-1])["error"]
    equal(sorted(error), ["code", "message", "param", "type"])
    equal(error["code"], code)
    return error


def statuses_of_single_requests(folder):
    model = train(folder, "chars")
    with Server("-m", model, "--max-body", 4, "--max-prompt", 50, "--max-tokens", 20) as server:
        ask = server.ask
        refused(ask("GET", "/nothing"), 404, "unknown_url")
        answer = ask("GET", COMPLETIONS)
        refused(answer, 405, "method_not_allowed")
        equal(answer[1]["Allow"], "POST")
        equal(ask("DELETE", "/healthz")[1]["Allow"], "GET, HEAD")
        refused(ask("POST", COMPLETIONS, "{}", {"Content-Type": "text/plain"}), 415,
                "unsupported_media_type")
        refused(ask("POST", COMPLETIONS, "a=b",
                    {"Content-Type": "application/x-www-form-urlencoded"}), 415,
                "unsupported_media_type")
        refused(ask("POST", COMPLETIONS, b"x" * 5000), 413, "body_too_long")
        refused(ask("POST", COMPLETIONS, iter([b"x" * 3000] * 9)), 413, "body_too_long")
        refused(ask("GET", "/healthz", headers={"X-Long": "x" * 9000}), 431, "header_too_long")
        for body in "", "{", "[]", "5", '{"prompt": "a"}}', b'{"prompt": "\xff"}', '{"a":1,"a":2}':
            refused(ask("POST", COMPLETIONS, body), 400, "invalid_json")
        refused(ask("POST", COMPLETIONS, {**SMALL, "max_tokens": 21}), 422, "invalid_value")
        refused(ask("POST", COMPLETIONS, {"prompt": "a" * 51}), 422, "context_length_exceeded")
        refused(ask("POST", "/v1/activations", {"input": "a" * 51}), 422, "context_length_exceeded")
        refused(ask("POST", COMPLETIONS, {"max_tokens": 1}), 422, "missing_parameter")
        refused(ask("POST", COMPLETIONS, {**SMALL, "model": "b"}), 404, "model_not_found")
        refused(ask("POST", COMPLETIONS, {**SMALL, "suffix": "b"}), 422, "unsupported_parameter")
        equal(refused(ask("POST", COMPLETIONS, {**SMALL, "colour": 1}), 422,
                      "unknown_parameter")["param"], "colour")
        long = "\u0436" * 40
        equal(refused(ask("POST", COMPLETIONS, {**SMALL, long: 1}), 422,
                      "unknown_parameter")["param"], long)
        echoed = {"prompt": "a" * 30, "echo": True, "logprobs": 1, "max_tokens": 1}
        equal(ask("POST", COMPLETIONS, echoed)[0], 200)
        equal(refused(ask("POST", COMPLETIONS, {**echoed, "n": 2}), 422,
                      "context_length_exceeded")["param"], "echo")
        for name, values in {
            "max_tokens": [-1, 1.5, "1", True, [], 2 ** 63],
            "temperature": [-0.1, "hot", 1001, [1]],
            "top_p": [0, 1.1], "min_p": [-1, 2], "typical_p": [-1, 2], "top_k": [-1, 0.5], "seed": [0.5, "a"],
            "n": [0, 129], "best_of": [0, 129], "logprobs": [-1, 21, True],
            "stop": ["", [""], [1], ["a"] * 17, {}], "stream": [1, "true"], "echo": [0],
            "stream_options": [1, {"include_usage": 1}, {"other": True}],
            "frequency_penalty": [-101, "a"], "repetition_penalty": [-1],
            "prompt": [1, {}, [1.5], [-1], [["a"]], [2 ** 40]],
        }.items():
            for value in values:
                answer = ask("POST", COMPLETIONS, {**SMALL, name: value})
                assert answer[0] == 422, (name, value, answer)
            assert ask("POST", COMPLETIONS, {**SMALL, name: None})[0] in (200, 422)
        equal(server.complete(**SMALL)["usage"]["completion_tokens"], 1)


def strangers_are_refused(folder):
    with Server("-m", folder / "chars.safetensors", "--allow-host", "recur.example") as server:
        for host in "evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.", \
                "[::1", "::1", "127.0.0.1:x", "a@127.0.0.1":
            answer = server.ask("GET", "/healthz", headers={"Host": host})
            assert answer[0] in (400, 403), (host, answer)
        for host in "localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8080", "10.0.0.1:5", \
                "recur.example", "Recur.Example:443":
            equal(server.ask("GET", "/healthz", headers={"Host": host})[0], 200)
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                        {"Origin": f"http://127.0.0.1:{server.port + 1}"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            refused(server.ask("GET", "/v1/models", headers=headers), 403, "origin_refused")
            refused(server.ask("POST", COMPLETIONS, SMALL, headers), 403, "origin_refused")
        for headers in ({"Origin": f"http://127.0.0.1:{server.port}"},
                        {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
            equal(server.ask("POST", COMPLETIONS, SMALL, headers)[0], 200)
        headers = server.ask("GET", "/healthz")[1]
        assert headers["Content-Security-Policy"].startswith("default-src 'none';"), headers
        equal(headers["X-Content-Type-Options"], "nosniff")
        equal(headers["Access-Control-Allow-Origin"], None)
        without = server.socket()
        without.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert without.recv(100).startswith(b"HTTP/1.1 400 ")
        without.close()


def keys(folder):
    path = folder / "keys"
    path.write_text("# two\nfirst-key-of-the-test\n\n  second-key \n", encoding="utf-8")
    path.chmod(0o600)
    with Server("-m", folder / "chars.safetensors", "--api-key-file", path) as server:
        equal(server.ask("GET", "/healthz")[0], 200)
        for value in None, "Bearer ", "Bearer wrong", "first-key-of-the-test", "Bearer second-ke", \
                "Bearer second-key1", "Basic second-key", "Bearer " + "x" * 600, "Bearer # two":
            headers = {"Authorization": value} if value else {}
            for method, place in ("GET", "/v1/models"), ("GET", "/metrics"), ("POST", COMPLETIONS):
                answer = server.ask(method, place, SMALL if method == "POST" else None, headers)
                refused(answer, 401, "invalid_api_key")
                equal(answer[1]["WWW-Authenticate"], "Bearer")
        for key in "first-key-of-the-test", "second-key":
            equal(server.ask("POST", COMPLETIONS, SMALL, {"Authorization": f"bearer {key}"})[0], 200)


def fails(*options):
    """The command's exit status and sentence where it cannot serve."""
    run = subprocess.run([RECUR, "serve", "--port", "0", *map(str, options)], text=True,
                         capture_output=True, timeout=PATIENCE, check=False)
    return run.returncode, run.stderr.strip()


def others_are_served_with_a_key_alone(folder):
    model = folder / "chars.safetensors"
    status, said = fails("-m", model, "--host", "0.0.0.0")
    equal(status, 2)
    assert "--api-key-file is needed, or --insecure" in said, said
    with Server("-m", model, "--host", "0.0.0.0", "--insecure") as server:
        equal(server.ask("GET", "/healthz")[0], 200)
    with Server("-m", model, "--host", "0.0.0.0", "--api-key-file", folder / "keys") as server:
        equal(server.ask("GET", "/v1/models")[0], 401)
    with Server("-m", model, "--host", "localhost") as server:
        equal(server.ask("GET", "/healthz")[0], 200)


def what_cannot_be_served_is_said_in_a_sentence(folder):
    model = folder / "chars.safetensors"
    empty = folder / "empty"
    empty.write_text("# none\n", encoding="utf-8")
    long = folder / "long"
    long.write_text("k" * 256, encoding="utf-8")
    for options, status, sentence in [
        (["-m", folder / "none"], 1, "none"),
        (["-m", model, "-m", model], 2, "two models are called chars"),
        (["-m", model, "--api-key-file", folder / "absent"], 1, "cannot open"),
        (["-m", model, "--api-key-file", empty], 1, "has no key"),
        (["-m", model, "--api-key-file", long], 1, "a key has 256 bytes"),
        (["-m", model, "--host", "no.such.name.invalid"], 1, "cannot listen"),
        (["-m", model, "--streams", "0"], 2, "--streams"),
    ]:
        got, said = fails(*options)
        assert got == status and sentence in said and said.count("\n") < 2, (options, got, said)
    with Server("-m", model) as server:
        got, said = fails("-m", model, "--port", server.port)
        assert got == 1 and "in use" in said, said


def too_much_at_once(folder):
    """One text at a time, and two wait: others get status 429, and the server goes on."""
    long = {"prompt": "a", "max_tokens": 200000, "stream": True}
    with Server("-m", folder / "chars.safetensors", "--streams", 1, "--queue", 1, "--max-tokens",
                200000) as server:
        streams = []
        for _ in range(2):
            connection = server.connect()
            connection.request("POST", COMPLETIONS, json.dumps(long), JSON)
            streams.append(connection)
            assert wait_until(lambda: server.metric("recur_streams_running") == 1)
        assert wait_until(lambda: server.metric("recur_streams_waiting") == 1)
        answer = server.ask("POST", COMPLETIONS, SMALL)
        refused(answer, 429, "queue_full")
        equal(answer[1]["Retry-After"], "1")
        equal(server.ask("GET", "/healthz")[0], 200)
        for connection in streams:
            connection.close()
        assert wait_until(lambda: server.ask("POST", COMPLETIONS, SMALL)[0] == 200)
        refused(server.ask("POST", COMPLETIONS, {**SMALL, "n": 3}), 422, "too_many_inputs")


def too_many_connections(folder):
    with Server("-m", folder / "chars.safetensors", "--connections", 4) as server:
        idle = [server.socket() for _ in range(4)]
        assert wait_until(lambda: server.ask("GET", "/healthz")[0] == 503)
        refused(server.ask("GET", "/healthz"), 503, "too_many_connections")
        for one in idle:
            one.close()
        assert wait_until(lambda: server.ask("GET", "/healthz")[0] == 200)


def slow_requests_are_ended(folder):
    """Half a header, half a body, and drops of both."""
    head = b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    parts = [b"", b"POST /v1/comp", head, head + b"Content-Length: 100\r\n\r\n{"]
    with Server("-m", folder / "chars.safetensors", "--timeout", 1) as server:
        for drips in False, True:
            sockets = []
            for part in parts:
                sockets.append(server.socket())
                sockets[-1].sendall(part)
            waiting = list(zip(parts, sockets))
            for _ in range(PATIENCE * 10):
                time.sleep(0.1)
                for part, one in list(waiting):
                    one.settimeout(0.01)
                    try:
                        got = one.recv(4000)
                    except socket.timeout:
                        if drips and part:
                            try:
                                one.sendall(b"x" if part.endswith(b"{") else b"X")
                            except OSError:
                                pass
                        continue
                    assert got.startswith(b"HTTP/1.1 408 "), (part, got)
                    equal(json.loads(got.split(b"\r\n\r\n")[1])["error"]["code"],
                          "request_timeout")
                    waiting.remove((part, one))
                if not waiting:
                    break
            equal(waiting, [])
            equal(server.ask("GET", "/healthz")[0], 200)
            for one in sockets:
                one.close()
        # A connection that rests between requests is closed without a word.
        connection = server.connect()
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        connection.sock.settimeout(PATIENCE)
        equal(connection.sock.recv(100), b"")
        connection.close()
        assert wait_until(lambda: server.metric("recur_connections") == 1)


def an_answer_that_takes_too_long(folder):
    with Server("-m", folder / "chars.safetensors", "--longest", 0.3, "--max-tokens",
                1000000) as server:
        refused(server.ask("POST", COMPLETIONS, {**SMALL, "max_tokens": 1000000}), 503, "time_over")
        status, _, answer = server.ask("POST", COMPLETIONS,
                                       {**SMALL, "max_tokens": 1000000, "stream": True})
        equal(status, 200)
        last = answer.decode().strip().split("\n\n")[-1]
        equal(json.loads(last.removeprefix("data: "))["error"]["code"], "time_over")


def sigterm_drains(folder):
    """What has begun is answered whole; what comes later is refused."""
    for stream in False, True:
        with Server("-m", folder / "chars.safetensors", "--max-tokens", 1000000) as server:
            body = {"prompt": "a", "max_tokens": 300000, "seed": 1, "stream": stream}
            connection = server.connect()
            connection.request("POST", COMPLETIONS, json.dumps(body), JSON)
            assert wait_until(lambda: server.metric("recur_streams_running") == 1)
            late = server.connect()
            late.request("GET", "/healthz")
            late.getresponse().read()
            status = []
            ends = threading.Thread(target=lambda: status.append(server.stop()))
            ends.start()
            answer = connection.getresponse()
            text = answer.read().decode()
            equal(answer.status, 200)
            if stream:
                assert text.endswith("data: [DONE]\n\n"), text[-100:]
            else:
                equal(json.loads(text)["usage"]["completion_tokens"], 300000)
            ends.join(PATIENCE)
            equal(status, [0])
            connection.close()
            late.close()


def an_end_that_comes_too_slowly_is_not_waited_for(folder):
    with Server("-m", folder / "chars.safetensors", "--max-tokens", 1000000, "--grace",
                0.2) as server:
        body = {"prompt": "a", "max_tokens": 1000000, "seed": 1}
        connection = server.connect()
        connection.request("POST", COMPLETIONS, json.dumps(body), JSON)
        assert wait_until(lambda: server.metric("recur_streams_running") == 1)
        equal(server.stop(), 0)
        try:
            refused((connection.getresponse().status, b'{"error":{"code":"shutting_down"}}'), 503,
                    "shutting_down")
        except (http.client.HTTPException, OSError, AssertionError):
            pass  # or the connection ends
        connection.close()


def a_second_signal_ends_it_at_once(folder):
    with Server("-m", folder / "chars.safetensors", "--max-tokens", 1000000) as server:
        connection = server.connect()
        connection.request("POST", COMPLETIONS, json.dumps({"prompt": "a", "max_tokens": 1000000}),
                           JSON)
        assert wait_until(lambda: server.metric("recur_streams_running") == 1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        equal(server.stop(), -signal.SIGTERM)
        connection.close()


def a_socket_may_be_passed_in(folder):
    """As systemd does: descriptor 3, LISTEN_FDS and LISTEN_PID; and READY=1 to NOTIFY_SOCKET."""
    listening = socket.create_server(("127.0.0.1", 0))
    ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ready.bind(str(folder / "notify"))
    ready.settimeout(PATIENCE)
    shell = f"exec 3<&{listening.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\""
    process = subprocess.Popen(
        ["sh", "-c", shell, RECUR, "serve", "-m", folder / "chars.safetensors"],
        pass_fds=[listening.fileno()], stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")})
    try:
        equal(ready.recv(100), b"READY=1")
        port = listening.getsockname()[1]
        equal(process.stderr.readline(), f"serving on http://127.0.0.1:{port}\n")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", "/healthz")
        equal(connection.getresponse().status, 200)
        connection.close()
        process.terminate()
        equal(ready.recv(100), b"STOPPING=1")
        equal(process.wait(PATIENCE), 0)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()
        listening.close()
        ready.close()


if __name__ == "__main__":
    main([
        statuses_of_single_requests,
        strangers_are_refused,
        keys,
        others_are_served_with_a_key_alone,
        what_cannot_be_served_is_said_in_a_sentence,
        too_much_at_once,
        too_many_connections,
        slow_requests_are_ended,
        an_answer_that_takes_too_long,
        sigterm_drains,
        an_end_that_comes_too_slowly_is_not_waited_for,
        a_second_signal_ends_it_at_once,
        a_socket_may_be_passed_in,
    ])
