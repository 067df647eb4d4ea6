"""Compiles kernels to PTX: ptx.py CLANG SOURCE OUTPUT DEPENDENCIES ARCHITECTURE [FLAG...]; or, without
what follows CLANG, says by its exit status whether that clang can.

clang 14 knows no architecture above sm_86 and passes inline assembly on as it stands. So it makes all
texts for sm_80; kernels ask GPU_ARCHITECTURE which one they are for, and this script corrects the
header of those that use what came with sm_90.
"""

import os
import re
import subprocess
import sys
import tempfile

FLAGS = [
    "-x", "cuda", "--cuda-device-only", "--cuda-gpu-arch=sm_80", "-nocudainc", "-nocudalib",
    "-Wno-unknown-cuda-version", "-ffp-contract=off", "-O3", "-S",
]  # fmt: skip
PROBE = 'extern "C" __attribute__((global)) void probe(int *x) { *x = __nvvm_read_ptx_sreg_tid_x(); }\n'


def can(clang):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "probe.c")
        with open(source, "w", encoding="ascii") as file:
            file.write(PROBE)
        command = [clang, *FLAGS, source, "-o", os.path.join(folder, "probe.ptx")]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


def main():
    clang, *rest = sys.argv[1:]
    if not rest:
        return 0 if can(clang) else 1
    source, output, dependencies, architecture, *flags = rest
    command = [clang, *FLAGS, f"-DGPU_ARCHITECTURE={architecture}", *flags, source, "-o", output]
    result = subprocess.run([*command, "-MD", "-MF", dependencies, "-MT", output], check=False)
    if result.returncode or architecture == "80":
        return result.returncode
    with open(output, encoding="ascii") as file:
        text = file.read()
    text, versions = re.subn(r"^\.version .*$", ".version 7.8", text, flags=re.MULTILINE)
    text, targets = re.subn(r"^\.target sm_80$", f".target sm_{architecture}", text, flags=re.MULTILINE)
    if (versions, targets) != (1, 1):
        sys.exit(f"ptx.py: {output} has {versions} lines .version and {targets} lines .target, not one")
    with open(output, "w", encoding="ascii") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
