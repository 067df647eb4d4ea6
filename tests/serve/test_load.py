"""recur serve under load, and beside clients that misbehave: nothing leaks, nothing stalls others.

With --figures it prints what docs/reliability.md says."""

import json
import os
import random
import socket
import struct
import sys
import threading
import time

from server import JSON, Server, equal, main, train, wait_until

COMPLETIONS = "/v1/completions"
# Resident memory in KiB that may come between two equal rounds: heaps differ by what runs at once.
SLACK = 4 << 10
# Sanitizers keep what was freed for a while.
WATCHED = not os.environ.get("RECUR_SANITIZED")
FIGURES = []


def flat(server, what, rounds):
    """Runs a round several times: after the second neither memory nor descriptors grow."""
    begin = min(server.descriptors() for _ in range(20) if not time.sleep(0.02))
    sizes = []
    for number in range(rounds):
        what(number)
        assert wait_until(lambda: server.metric("recur_streams_running") == 0)
        assert wait_until(lambda: server.metric("recur_connections") == 1)
        assert wait_until(lambda: server.descriptors() == begin), (begin, server.descriptors())
        sizes.append(server.status("VmRSS"))
    if WATCHED:
        assert sizes[-1] <= sizes[1] + SLACK, sizes
    return sizes


def at_once(calls):
    threads = [threading.Thread(target=call[0], args=call[1:]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def request(body, path=COMPLETIONS, more=b""):
    text = json.dumps(body).encode()
    return (b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n%s\r\n%s" % (path.encode(), len(text), more, text))


def bad_requests(seed, count):
    """Requests that are wrong in some way, most of them near ones that are right."""
    draw = random.Random(seed)
    good = [request({"prompt": "The ", "max_tokens": 2}),
            request({"content": "The "}, "/tokenize"),
            b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"]
    for _ in range(count):
        bad = bytearray(draw.choice(good))
        kind = draw.randrange(5)
        if kind == 0:
            bad = bytearray(draw.randbytes(draw.randrange(1, 300)))
        elif kind == 1:
            bad[draw.randrange(len(bad))] = draw.randrange(256)
        elif kind == 2:
            del bad[draw.randrange(len(bad)):]
        elif kind == 3:
            place = draw.randrange(len(bad))
            bad[place:place] = draw.randbytes(draw.randrange(1, 40))
        else:
            bad = bytearray(request([draw.choice([None, 1, "a", {"prompt": 1}, [], -5.5])]))
        yield bytes(bad)


def ten_thousand_bad_requests(folder):
    model = train(folder, "chars")
    with Server("-m", model, "--timeout", 20) as server:
        def client(seed):
            for bad in bad_requests(seed, 125):
                with server.socket() as one:
                    try:
                        one.sendall(bad)
                        one.shutdown(socket.SHUT_WR)
                        while one.recv(1 << 16):
                            pass
                    except OSError:
                        pass  # it may end the connection

        def send(number):
            at_once([(client, 20 * number + i) for i in range(20)])
            answer = server.complete("The ", max_tokens=3, seed=1)
            equal(answer["usage"]["completion_tokens"], 3)

        sizes = flat(server, send, 4)
        FIGURES.append(f"10 000 bad requests: resident KiB after each 2 500: {sizes}")


def vanish(server, body, count):
    """So many clients that ask, read a little, or nothing, and are gone."""
    text = request(body)
    sockets = []
    for _ in range(count):
        one = server.socket()
        one.sendall(text)
        sockets.append(one)
    assert wait_until(lambda: server.metric("recur_streams_running") > 0)
    for number, one in enumerate(sockets):
        if body.get("stream") and number % 2:
            one.recv(2000)
        if number % 3 == 0:  # by a reset
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.close()


def clients_that_vanish(folder):
    with Server("-m", folder / "chars.safetensors", "--max-tokens", 1 << 20, "--cache",
                0) as server:
        def round_of(number):
            body = {"prompt": "The ", "max_tokens": 1 << 20, "stream": number % 2 == 0}
            vanish(server, body, 60)

        sizes = flat(server, round_of, 8)
        FIGURES.append(f"480 clients that vanish: resident KiB after each 60: {sizes}")


def clients_that_do_not_read(folder):
    """Their texts wait; others get theirs, whole."""
    with Server("-m", folder / "chars.safetensors", "--max-tokens", 1 << 20, "--cache",
                0) as server:
        def round_of(_):
            text = request({"prompt": "The ", "max_tokens": 1 << 20, "stream": True})
            sockets = [server.socket() for _ in range(30)]
            for one in sockets:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                one.sendall(text)
            assert wait_until(lambda: server.metric("recur_streams_running") == 30)
            made = server.metric("recur_made_tokens_total")
            for seed in range(20):
                equal(server.complete("A", max_tokens=50, seed=seed)["usage"]["completion_tokens"],
                      50)
            equal(server.metric("recur_made_tokens_total"), made + 1000)
            for one in sockets:
                one.close()

        sizes = flat(server, round_of, 4)
        FIGURES.append(f"30 clients that do not read: resident KiB after each: {sizes}")


def half_open_connections(folder):
    """They say nothing, or half a header, until their time is over; others are answered."""
    with Server("-m", folder / "chars.safetensors", "--timeout", 2) as server:
        def round_of(_):
            sockets = [server.socket() for _ in range(200)]
            for number, one in enumerate(sockets):
                one.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: lo"[: number % 40])
            for seed in range(20):
                equal(server.complete("A", max_tokens=5, seed=seed)["usage"]["completion_tokens"],
                      5)
            for one in sockets:
                while one.recv(1 << 12):
                    pass
                one.close()

        sizes = flat(server, round_of, 3)
        FIGURES.append(f"600 half-open connections: resident KiB after each 200: {sizes}")


def many_clients_at_once(folder):
    """Each gets the text that it would get alone."""
    with Server("-m", folder / "chars.safetensors") as server:
        wanted = {seed: server.complete("The ", max_tokens=100, seed=seed)["choices"]
                  for seed in range(16)}
        wrong = []

        def client(seed):
            for _ in range(10):
                got = server.complete("The ", max_tokens=100, seed=seed % 16)["choices"]
                if got != wanted[seed % 16]:
                    wrong.append(seed)

        def round_of(_):
            at_once([(client, seed) for seed in range(32)])

        flat(server, round_of, 3)
        equal(wrong, [])


def a_connection_is_used_again(folder):
    with Server("-m", folder / "chars.safetensors") as server:
        connection = server.connect()
        for number in range(300):
            body = {"prompt": "a", "max_tokens": 3, "stream": number % 3 == 0}
            if number % 7 == 0:
                body["n"] = "wrong"
            connection.request("POST", COMPLETIONS, json.dumps(body), JSON)
            answer = connection.getresponse()
            answer.read()
            equal(answer.status, 422 if number % 7 == 0 else 200)
        connection.close()


if __name__ == "__main__":
    try:
        main([
            ten_thousand_bad_requests,
            clients_that_vanish,
            clients_that_do_not_read,
            half_open_connections,
            many_clients_at_once,
            a_connection_is_used_again,
        ])
    finally:
        if "--figures" in sys.argv:
            print("\n".join(FIGURES))
