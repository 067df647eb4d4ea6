"""What the interoperability tests share: TAP, safetensors files, and recur's side."""

import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2}


def write_safetensors(path, tensors):
    """tensors: name -> (dtype, shape, bytes)."""
    header, place = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {
            "dtype": dtype,
            "shape": list(shape),
            "data_offsets": [place, place + len(data)],
        }
        place += len(data)
    text = json.dumps(header).encode()
    data = b"".join(data for _, _, data in tensors.values())
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    """name -> (dtype, shape, bytes)."""
    raw = Path(path).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    data, tensors = raw[8 + length :], {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = (entry["dtype"], entry["shape"], data[begin:end])
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
