"""events.py LOG FOLDER: reads the one event file of a folder, checks it against the log, and prints what it has."""

import glob
import json
import struct
import sys


def crc(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF

assert crc(b"123456789") == (((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        size = {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            yield key >> 3, varint()
            continue
        size = varint() if size is None else size
        yield key >> 3, data[at : at + size]
        at += size


log = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
(path,) = glob.glob(f"{sys.argv[2]}/events.out.tfevents.*")
data, at, seen = open(path, "rb").read(), 0, 0
while at < len(data):
    (size,) = struct.unpack_from("<Q", data, at)
    event = data[at + 12 : at + 12 + size]
    assert struct.unpack_from("<I", data, at + 8)[0] == crc(data[at : at + 8])
    assert struct.unpack_from("<I", data, at + 12 + size)[0] == crc(event)
    at += 16 + size
    event = dict(fields(event))
    if 3 in event:
        print(event[3].decode())
        continue
    numbers = {}
    for _, value in fields(event[5]):
        value = dict(fields(value))
        (numbers[value[1].decode()],) = struct.unpack("<f", value[2])
    epoch = log[seen]
    seen += 1
    assert event[2] == epoch["epoch"] and abs(numbers["loss/training"] - epoch["loss"]) < 1e-5
    print(event[2], *sorted(numbers))
