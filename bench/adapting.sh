#!/usr/bin/env bash
# bench/adapting.sh RECUR FOLDER: the tables of docs/adapting.md, but that of the cache. $RECUR_DATA has the two texts; what is
# made goes into FOLDER, and what is there already is not made again. About five minutes on one core.
set -eu
recur=$(realpath "$1")
mkdir -p "$2"
cd "$2"
shakespeare=$RECUR_DATA/tinyshakespeare.txt
head -c 20480 "$RECUR_DATA/timemachine.txt" >novel.txt
tail -c 50000 "$shakespeare" >end.txt

[ -e shakespeare.safetensors ] ||
    "$recur" train "$shakespeare" --hidden 256 --dropout 0.1 --lr 0.004 --steps 64 --schedule cosine \
        --epochs 4 --precision bf16 --threads 1 --quiet -o shakespeare.safetensors >shakespeare.out

# A row: the held-out loss of a run on the novel, its best epoch, and the seconds of training.
row() {
    "$recur" train novel.txt --batch 8 --steps 64 --schedule cosine --threads 1 --quiet --log log \
        -o novel.safetensors "$@" >novel.out
    python3 - "$*" <<'P'
import json, sys
rows = [json.loads(line) for line in open("log")]
best = min(rows, key=lambda row: row["valid_loss"])
seconds = sum(row["seconds"] for row in rows)
print(f"{sys.argv[1]} | {best['valid_loss']:.3f} | {best['epoch']} of {len(rows)} | {seconds:.1f}")
P
}

echo '## Going on from a model'
row --hidden 192 --epochs 30 --lr 0.005 --dropout 0.5
row --hidden 256 --epochs 30 --lr 0.005 --dropout 0.5
row --init-from shakespeare.safetensors --epochs 8
row --init-from shakespeare.safetensors --epochs 16 --dropout 0.5
row --init-from shakespeare.safetensors --epochs 8 --lr 0.004 --dropout 0.3
row --init-from shakespeare.safetensors --epochs 12 --lr 0.004 --freeze 1

row --init-from shakespeare.safetensors --batch 4 --steps 35 --epochs 5 --lr 0.0015 --dropout 0.2
row --init-from shakespeare.safetensors --batch 4 --steps 35 --epochs 12 --lr 0.003 --dropout 0.4 --weight-drop 0.2

# The loss of the end of Shakespeare.
loss() {
    "$recur" eval -m shakespeare.safetensors "$@" end.txt --threads 1 | sed -n "s/^loss *\([0-9.]*\).*/$* | \1/p"
}

echo '## Learning while reading'
loss
loss --dynamic --optimizer sgd --lr 0.1 --decay 0
loss --dynamic --optimizer adam --lr 0.0005 --decay 0
loss --dynamic --decay 0
loss --dynamic --decay 0.001
loss --dynamic --decay 0.003
loss --dynamic --lr 0.001 --decay 0.01

echo '## Models together'
for seed in 2 3; do
    [ -e "$seed.safetensors" ] ||
        "$recur" train "$shakespeare" --hidden 256 --dropout 0.1 --lr 0.004 --steps 64 --schedule cosine \
            --epochs 4 --precision bf16 --threads 1 --seed "$seed" --quiet -o "$seed.safetensors" >shakespeare.out
done
loss -m 2.safetensors
loss -m 2.safetensors -m 3.safetensors
