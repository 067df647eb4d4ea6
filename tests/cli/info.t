# What a model file holds.

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 2 --validation 0 -o model > out
$ recur info model | sed -E '/^ +[0-9]/{s/[0-9.]+/N/g; s/ +/ /g}; s/(perplexity) [0-9.]+ in/\1 N in/'
model: lstm 3,2, embedding 4, 192 parameters
text      text
tokens    15 trained on, 0 held out
kept      epoch 1 of 2, perplexity N in training
settings  adam, lr 0.002, dropout 0, clip 1, batch 2, steps 3, sequential, seed 1
command   recur train --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 2 --validation 0 text
tensor                       shape                 count
embedding.weight             (4, 4)                   16
rnn.weight_ih_l0             (12, 4)                  48
rnn.weight_hh_l0             (12, 3)                  36
rnn.bias_ih_l0               (12)                     12
rnn.bias_hh_l0               (12)                     12
rnn.weight_ih_l1             (8, 3)                   24
rnn.weight_hh_l1             (8, 2)                   16
rnn.bias_ih_l1               (8)                       8
rnn.bias_hh_l1               (8)                       8
linear.weight                (4, 2)                    8
linear.bias                  (4)                       4
vocabulary: 4 entries, tokens char, clean none
 "<unk>" "a" "b" "c"
history: 2 epochs
   epoch       loss   perplexity   valid loss valid perplexity
 N N N - - kept
 N N N - -
$ recur info model --json | sed -E 's/"history": .*//'
{"config": {"task": "lm", "cell": "lstm", "activation": "tanh", "layers": 2, "hidden": [3, 2], "bidirectional": false, "merge": "concat", "inputs": 0, "embedding": 4, "vocabulary": 4, "biases": 2, "dropout": 0.0, "init": "uniform", "dropout_kind": "standard", "weight_drop": 0.0, "tied": 0, "input_dropout": 0.0}, "parameters": 192, "tensors": [{"name": "embedding.weight", "shape": [4, 4], "count": 16}, {"name": "rnn.weight_ih_l0", "shape": [12, 4], "count": 48}, {"name": "rnn.weight_hh_l0", "shape": [12, 3], "count": 36}, {"name": "rnn.bias_ih_l0", "shape": [12], "count": 12}, {"name": "rnn.bias_hh_l0", "shape": [12], "count": 12}, {"name": "rnn.weight_ih_l1", "shape": [8, 3], "count": 24}, {"name": "rnn.weight_hh_l1", "shape": [8, 2], "count": 16}, {"name": "rnn.bias_ih_l1", "shape": [8], "count": 8}, {"name": "rnn.bias_hh_l1", "shape": [8], "count": 8}, {"name": "linear.weight", "shape": [4, 2], "count": 8}, {"name": "linear.bias", "shape": [4], "count": 4}], "vocabulary": {"tokens": "char", "clean": "none", "size": 4, "reserved": 0, "entries": ["<unk>", "a", "b", "c"]}, "origin": {"text": "text", "command": "recur train --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 2 --validation 0 text", "kept_epoch": 1, "train_tokens": 15, "valid_tokens": 0, "optimizer": "adam", "lr": 0.002, "schedule": "constant", "momentum": 0.0, "weight_decay": 0.0, "clip": 1.0, "batch": 2, "steps": 3, "sampling": "sequential", "epochs": 2, "validation": 0.0, "precision": "f32", "seed": 1, "freeze": 0, "blocks": 0, "rank_seconds": 45, "average": "none", "average_decay": 0.99, "average_start": 0.75, "accumulate": 1, "reduce": "exact", "reduce_precision": "f32", "sampled_softmax": 0, "ar": 0.0, "sync_every": 1}, 
$ recur info model --json | grep -o '"epoch": [0-9]*'
"epoch": 1
"epoch": 2
$ recur info - < model | head -1
standard input: lstm 3,2, embedding 4, 192 parameters
$ recur info missing
! recur info: cannot read missing: No such file or directory
[1]
$ recur info .
! recur info: cannot read .: it is a directory
[1]
$ recur info text
! recur info: text: not a safetensors file but a text: recur train makes a model of it
[1]
$ recur info a b
! recur info: unexpected argument "b"; usage: recur info [OPTIONS] [MODEL|STORE]
[2]
$ recur info --json=1
! recur info: --json takes no value, got "1"
[2]
$ recur info --brief
! recur info: unknown option --brief; recur info --help lists them
[2]
$ recur info model > /dev/full
! recur: cannot write standard output: No space left on device
[1]
$ recur info
! recur info: cannot read model.safetensors: No such file or directory; recur train makes one
[1]

# The kept epoch is among those of a long history, and marked; columns are as wide as what stands in them.
$ awk 'BEGIN { for (s = 7; i++ < 2000; s = s * 16807 % 2147483647) printf "%c", 97 + s % 26 }' > noise; recur train noise --hidden 16 --epochs 25 --lr 0.03 --threads 1 --quiet -o m --report report > out; recur info m | sed -n '/^history/,$p' > history; recur info m | sed -nE "s/^(kept      epoch) $(sed 's/.*"best_epoch": \([0-9]*\).*/\1/' report) (of 25, perplexity) $(sed -n '1s/^perplexity \([0-9.]*\),.*/\1/p' out)/\1 BEST \2 PPL/p"; grep -c kept history; awk '/kept/ { print $1 }' history | cmp - <(sed 's/.*"best_epoch": \([0-9]*\).*/\1/' report); tail -1 history | cut -c 1-8
kept      epoch BEST of 25, perplexity PPL on what was held out
1
      25
$ (for i in $(seq 20); do printf 'Ann B-PER\nran O\n\n'; done) > ner; recur train ner --task tag --crf --bidirectional --hidden 3 --epochs 1 --threads 1 --quiet -o wide > out; recur info wide | sed -n '/^tensor/,/^$/p' | awk 'NF { print length($0) }' | uniq | wc -l
1
# What a file says of itself only shows; it names no folder, and equal runs say the same whatever does not change the model.
$ LC_ALL=C sed 's/recur train --hidden 3,2/\\\\u001b[31m\\\\u202eabcdef/' model > evil; recur info evil | grep '^command'; recur info evil --json | grep -o '"command": ".\{24\}'
command   \x1B[31m\u202Eabcdef --embed 4 --batch 2 --steps 3 --epochs 2 --validation 0 text
"command": "\u001B[31m\u202Eabcdef -
$ mkdir far away; cp text far/secret; cp text away/secret; recur train far/secret --quiet --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --lr 0.1 --threads 1 --log log -o far/m > out; recur train --epochs 2 $PWD/away/secret --lr 0.10 --hidden 3 --batch 2 --steps 3 --validation 0 --predict abc --threads 2 -o away/m > out 2> err; cmp far/m away/m; recur info far/m | grep -E '^(text|command)'
text      secret
command   recur train --hidden 3 --batch 2 --steps 3 --lr 0.1 --epochs 2 --validation 0 secret
$ recur train text far/secret --quiet --hidden 3 --batch 2 --steps 3 --epochs 1 --reserved 'a b,"' --min-freq 1 -o m > out; recur info m | grep -E '^(text|command)'
text      text and 1 more
command   recur train --min-freq 1 --reserved "a b,\"" --hidden 3 --batch 2 --steps 3 --epochs 1 text secret
# The command is one even where a text's name begins as an option does.
$ cp text ./-text; recur train --quiet --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o m -- -text > out; recur info m | grep '^command'
command   recur train --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 ./-text
# A checkpoint, which is not finished, says what is known; a model of an older version, or converted from elsewhere, nothing.
$ recur train text --quiet --hidden 3 --batch 2 --steps 3 --epochs 2 --validation 0 --checkpoint-every 1 -o m > out; recur info m.checkpoint.safetensors | sed -n '3,/^tensor/p' | cut -c 1-40
text      text
command   recur train --hidden 3 --batch
tensor                       shape      

# A number has all the digits that it was given, though the library computes with fewer.
$ recur train text --quiet --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 --lr 1.23456789e-2 --dropout .5 -o model > out; recur info model | grep command
command   recur train --hidden 3 --dropout 0.5 --batch 2 --steps 3 --lr 0.0123456789 --epochs 1 --validation 0 text

# What computes here.
$ recur info --machine | sed -E 's/ {2,}.*//; s/^(instructions|device) .*/\1/'
processor
instructions
threads
device
$ recur info --machine --json | sed -E 's/: ("[^"]*"|[0-9]+)/: X/g'
{"processor": X, "isa": X, "threads": X, "device": X}
$ recur info --machine model
! recur info: either --machine or a model, not both
[2]
$ recur eval -m model --device tpu text
! recur eval: --device must be one of auto, cpu, cuda, got "tpu"
[2]
$ recur eval -m model --device cuda text 2>&1 | sed 's/no GPU can be used, .*/no GPU/; s/this build has no kernels .*/no GPU/'; exit ${PIPESTATUS[0]}
recur eval: no GPU
[1]
$ recur eval -m model --device auto text | cmp - <(recur eval -m model text)
