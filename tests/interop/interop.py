"""What the interoperability tests share: TAP, safetensors files, and recur's side."""

import json
import math
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}


def write_safetensors(path, tensors, metadata=None):
    """tensors: name -> (dtype, shape, bytes). The bytes are those that the safetensors package
    writes: the widest type first, then by name; the header padded to a multiple of 8."""
    header, place = {"__metadata__": metadata or {"format": "pt"}}, 0
    order = sorted(tensors.items(), key=lambda item: (-SIZES[item[1][0]], item[0]))
    for name, (dtype, shape, data) in order:
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [place, place + len(data)],
        }
        place += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = b"".join(data for _, (_, _, data) in order)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """name -> (dtype, shape, bytes), where the safetensors package would take the file: the
    tensors of the size of their shapes, one behind the other to the file's end."""
    raw = Path(path).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header, data, tensors, place = json.loads(raw[8 : 8 + length]), raw[8 + length :], {}, 0
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(value, str) for value in metadata.values()), metadata
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        (begin, end), size = entry["data_offsets"], SIZES[entry["dtype"]]
        assert begin == place and end - begin == size * math.prod(entry["shape"]), name
        assert (8 + length + begin) % size == 0, f"{name} is not aligned"
        tensors[name], place = (entry["dtype"], entry["shape"], data[begin:end]), end
    assert place == len(data), f"the tensors end at {place}, the file at {len(data)}"
    return tensors


def convert(*arguments):
    """recur convert ARGUMENTS; what it says where it fails."""
    result = subprocess.run(
        [os.environ["RECUR"], "convert", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result


def logits(model, ids):
    """recur's logits after each token, as bytes of floats."""
    command = [os.environ["LOGITS"], str(model), *map(str, ids)]
    return subprocess.run(command, capture_output=True, check=True).stdout


def run(cases):
    """Runs the cases (name, function of a folder, why it is skipped or None) and prints TAP."""
    failures = number = 0
    for number, (name, case, skip) in enumerate(cases, 1):
        if skip:
            print(f"ok {number} - {name} # SKIP {skip}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(Path(folder))
                print(f"ok {number} - {name}", flush=True)
            except Exception as problem:  # whatever it is, the other cases go on
                failures += 1
                print(f"not ok {number} - {name}\n# {problem}", flush=True)
    print(f"1..{number}")
    sys.exit(1 if failures else 0)
