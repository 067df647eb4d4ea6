#!/usr/bin/env bash
# bench/gpu.sh [pack]: is recur right on this machine's NVIDIA GPU, and how fast is it? A line for each
# answer, which begins with PASS, FAIL or SKIP, within 8 minutes.
#
# `pack` copies what it needs of build/ to build/gpu/, libraries included. With this folder (bench/) and
# build/gpu/ it then runs on a machine that has only libc, python3 with PyTorch, and CUDA's tools
# (ptxas, compute-sanitizer; what is missing is skipped), without a network.
#
# Whatever fails or ends late is a FAIL, and the next part runs. What matters most comes first, and what
# would begin after 7.5 minutes is skipped.
#
# Where RECUR_CUDA names the stand-in (build/tests/gpu/libcuda.so.1), sizes are small and the ratios
# mean nothing: a trial of this script.
set -u
cd "$(dirname "$0")/.." || exit 1
packed=build/gpu

pack() {
    rm -rf "$packed"
    mkdir -p "$packed/lib"
    cp build/recur build/gpu_work build/src/backend/cuda/ptx_*.ptx "$packed/" || exit 1
    ldd build/recur build/gpu_work | awk '/=> \// { print $3 }' | grep -v -E '/(libc|libm|libdl|libpthread)\.so' |
        sort -u | while read -r library; do cp -L "$library" "$packed/lib/"; done
    du -sh "$packed"
}

if [ "${1-}" = pack ]; then
    pack
    exit
fi
[ -x "$packed/gpu_work" ] || pack >/dev/null
export LD_LIBRARY_PATH=$PWD/$packed/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
recur=$PWD/$packed/recur work=$PWD/$packed/gpu_work
python=${PYTHON:-python3}
small=
case ${RECUR_CUDA-} in */tests/gpu/*) small=small ;; esac
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
# The driver compiles the kernels once, and all processes read what it made.
export CUDA_CACHE_PATH=$folder/cache

say() { # PASS|FAIL|SKIP WHAT
    echo "$1 $2"
    [ "$1" != FAIL ] || failed=1
}

# Runs a command for at most so many seconds, or as many as are left.
within() { # SECONDS COMMAND...
    local left=$((450 - SECONDS))
    timeout "$((left < 1 ? 1 : left < $1 ? left : $1))" "${@:2}"
}

verdict() { # WHAT COMMAND...: shows what it said only if it fails
    local what=$1
    shift
    if "$@" >"$folder/said" 2>&1; then
        say PASS "$what"
    else
        say FAIL "$what"
        tail -n 5 "$folder/said" | sed 's/^/    /'
    fi
}

# A run small enough for compute-sanitizer, and for the stand-in.
train() { # OUTPUT OPTIONS...
    within 60 "$recur" train --device cuda --quiet --hidden 32 --batch 4 --steps 8 --max-tokens 400 --validation 0 \
        --predict-every 0 -o "$folder/$1" "${@:2}"
}

same_bits() {
    train one --epochs 3 && train two --epochs 3 && cmp "$folder/one" "$folder/two"
}

resumes() {
    train three --epochs 2 --checkpoint-every 5 &&
        within 60 "$recur" train --device cuda --quiet --epochs 3 --resume "$folder/three.checkpoint.safetensors" &&
        cmp "$folder/one" "$folder/three"
}

goes_on_elsewhere() {
    train four --epochs 2 --checkpoint-every 5 &&
        within 60 "$recur" train --device cpu --quiet --epochs 3 --resume "$folder/four.checkpoint.safetensors"
}

nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,memory.total --format=csv,noheader 2>/dev/null
"$recur" info --machine
if ! "$recur" info --machine --json | grep -q '"device": "cuda"'; then
    say FAIL "there is no GPU that recur can use"
    exit 1
fi

# A part that prints its own lines: it has failed where it says so, and where it ends too late.
part() { # WHAT SECONDS COMMAND...
    [ "$SECONDS" -le 450 ] || {
        say SKIP "$1: there is no time left"
        return
    }
    within "$2" "${@:3}"
    local status=$?
    [ "$status" -eq 0 ] || failed=1
    [ "$status" -le 1 ] || say FAIL "$1 ended with status $status (124: it took too long)"
}

# Registers and spills, as NVIDIA's own compiler would have them.
registers() {
    local capability text architecture most spills
    capability=$("$recur" info --machine --json | grep -o '"capability": "[0-9.]*' | tr -cd 0-9)
    for text in "$packed"/ptx_*.ptx; do
        architecture=$(basename "$text" .ptx | tr -cd 0-9)
        [ "$architecture" -le "${capability:-90}" ] || continue
        if ! within 60 ptxas -v "-arch=sm_$architecture" "$text" -o "$folder/kernels" 2>"$folder/said"; then
            say FAIL "ptxas takes $(basename "$text")"
            head -n 3 "$folder/said"
            continue
        fi
        most=$(grep -o 'Used [0-9]* registers' "$folder/said" | sort -k2n | tail -n 1)
        spills=$(awk '/Compiling entry/ { name = $7 } /spill stores/ && !/ 0 bytes spill stores/ { print name }' "$folder/said" | xargs)
        say "$([ -z "$spills" ] && echo PASS || echo FAIL)" "$(basename "$text"): ${most,} at most, spills: ${spills:-none}"
    done
}

sanitized() { # TOOL
    within 90 compute-sanitizer --tool "$1" --error-exitcode 9 "$recur" train --device cuda --quiet --hidden 32 --batch 4 \
        --steps 8 --max-tokens 100 --validation 0 --epochs 1 --predict-every 0 -o "$folder/checked"
}

# Right at real sizes. Correctness first.
part "the comparison with the CPU" 150 "$work" check $small
verdict "two runs end in the same bits" same_bits
verdict "a run that was resumed ends in the same bits" resumes
verdict "a GPU's checkpoint goes on on the CPU" goes_on_elsewhere

if "$python" -c 'import torch' 2>/dev/null; then
    part "the comparison with PyTorch" 240 "$python" bench/gpu_pairs.py "$work"
else
    say SKIP "beside PyTorch: $python has none"
fi

[ -n "$small" ] || part "sessions on the GPU and on the CPU" 60 "$work" sessions

if command -v ptxas >/dev/null; then
    registers
else
    say SKIP "registers and spills: there is no ptxas"
fi

for tool in memcheck racecheck; do
    if [ -n "$small" ] || ! command -v compute-sanitizer >/dev/null; then
        say SKIP "compute-sanitizer's $tool: it is not here, or there is no GPU"
    elif [ "$SECONDS" -gt 450 ]; then
        say SKIP "compute-sanitizer's $tool: there is no time left"
    else
        verdict "compute-sanitizer's $tool finds nothing" sanitized "$tool"
    fi
done
[ "$failed" -eq 0 ] && echo "PASS all, in $SECONDS s" || echo "FAIL not all, in $SECONDS s"
exit $failed
