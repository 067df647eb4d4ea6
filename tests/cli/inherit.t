# --init-from: a run that goes on from a model.

$ printf 'the quick brown fox jumps over the lazy dog\n%.0s' $(seq 30) > old; printf 'pack my box with five dozen liquor jugs; 7 more\n%.0s' $(seq 12) > new
$ recur train old --quiet --hidden 12,8 --epochs 2 --batch 4 --steps 9 -o a.safetensors > out
# The rest follows from the model: its layers, its tokens, its text settings. New tokens stand behind its own.
$ recur train new --init-from a.safetensors --epochs 2 --batch 4 --steps 9 -o b.safetensors 2>&1 > out | sed -n '/^text/p; /^model/p; /^from/p'
text   new: 576 tokens (char), 31 in the vocabulary, 57 held out
model  lstm 12,8, one-hot input, 3143 parameters
from   a.safetensors: 3029 of 3143 parameters, 2 new tokens; before: perplexity 24.53
$ recur info b.safetensors | sed -n '/^text/p; /^command/p; /^ancestor/p'; recur info b.safetensors --json | grep -o '"ancestors": [^]]*]'
text      new
command   recur train --init-from a.safetensors --batch 4 --steps 9 --epochs 2 new
ancestor  recur train --hidden 12,8 --batch 4 --steps 9 --epochs 2 old
"ancestors": [{"text": "old", "command": "recur train --hidden 12,8 --batch 4 --steps 9 --epochs 2 old", "train_tokens": 1188}]
# Every thread count makes the same model, and so does a run that was stopped; the checkpoint needs neither model nor text options.
$ recur train new --init-from a.safetensors --epochs 2 --batch 4 --steps 9 --threads 1 --quiet -o c.safetensors > out; cmp b.safetensors c.safetensors
$ recur train new --init-from a.safetensors --epochs 1 --batch 4 --steps 9 --checkpoint-every 2 --quiet -o d.safetensors > out; rm a.safetensors; recur train --resume d.checkpoint.safetensors --epochs 2 --quiet > out; recur info d.safetensors | grep ^ancestor; recur info d.safetensors --json | grep -c '"epoch":'
ancestor  recur train --hidden 12,8 --batch 4 --steps 9 --epochs 2 old
1
# Tokens of the text that the model does not know can stay unknown.
$ cp b.safetensors a.safetensors; printf 'Q %.0s' $(seq 200) > third; recur train third --init-from a.safetensors --vocabulary keep --epochs 1 --batch 2 --steps 9 -o e.safetensors 2>&1 > out | grep ^from
from   a.safetensors: 3143 of 3143 parameters, 0 new tokens; before: perplexity 35.76
$ recur train third --init-from a.safetensors --freeze 2 --epochs 1 --batch 2 --steps 9 --quiet -o e.safetensors > out
! recur train: warning: --freeze leaves the rows of 1 new token as they were drawn: --vocabulary keep reads such tokens as <unk>
# Where that is much of the text, a warning says so; of labelled texts too.
$ recur train third --init-from a.safetensors --vocabulary keep --epochs 1 --batch 2 --steps 9 --quiet -o e.safetensors > out; recur train third --init-from a.safetensors --vocabulary grow --epochs 1 --batch 2 --steps 9 --quiet -o e.safetensors > out
! recur train: warning: third: 200 of 400 tokens are unknown to the model that the run goes on from, and read as <unk>: --vocabulary grow adds them
$ printf 'good\tQQQQ\nbad\tthe dog\n%.0s' $(seq 20) > moods; recur train moods --init-from a.safetensors --vocabulary keep --task classify --epochs 1 --validation 0 --quiet -o e.safetensors > out
! recur train: warning: moods: 80 of 220 tokens are unknown to the model that the run goes on from, and read as <unk>: --vocabulary grow adds them
$ { cat new; echo Q; } > known; recur train known --init-from a.safetensors --vocabulary keep --epochs 1 --batch 2 --steps 9 --quiet -o e.safetensors > out
# A run says how good the model was before, as recur eval does of the same text, and whether it became better.
$ recur train old --hidden 12 --epochs 3 --batch 4 --steps 9 --lr 0.01 --quiet -o good.safetensors > out; for lr in 0.00001 1e-20; do recur train old --init-from good.safetensors --lr $lr --epochs 1 --batch 4 --steps 9 -o e.safetensors 2>&1 > out | sed -n 's/.*before: /before: /p; /^kept/p; /^no epoch/p'; done; recur info good.safetensors | grep ^kept
before: perplexity 1.932
kept epoch 1, the best on the held-out text: perplexity 1.931
before: perplexity 1.932
kept epoch 1, the best on the held-out text: perplexity 1.932
no epoch was better on the held-out text than what the run went on from, good.safetensors: that model is the better one for it
kept      epoch 3 of 3, perplexity 1.932 on what was held out
# Another task gets the layers.
$ printf 'good\tthe quick fox\nbad\tthe lazy dog\n%.0s' $(seq 20) > moods; recur train moods --init-from a.safetensors --task classify --freeze 1 --epochs 1 -o mood.safetensors 2>&1 > out | grep -E '^(model|from)'
model  lstm 12,8, classifies texts with 2 labels (pool final), one-hot input, 2882 parameters
from   a.safetensors: 2864 of 2882 parameters, 0 new tokens
$ recur train moods --init-from mood.safetensors --epochs 1 -o mood2.safetensors 2>&1 > out | grep -E '^from'
from   mood.safetensors: 2882 of 2882 parameters, 0 new tokens; before: accuracy 0.7500
$ recur train moods --init-from mood2.safetensors --epochs 1 --lr 3 -o mood3.safetensors 2>&1 > out | grep -E '^(from|no epoch)'
from   mood2.safetensors: 2882 of 2882 parameters, 0 new tokens; before: accuracy 0.7500
no epoch was better on the held-out text than what the run went on from, mood2.safetensors: that model is the better one for it

# What contradicts the model.
$ recur train new --init-from a.safetensors --hidden 12,9
! recur train: --hidden 12,9 contradicts --init-from a.safetensors, whose model has 12,8: leave it out
[2]
$ recur train new --init-from a.safetensors --hidden 12,8 --layers 2 --epochs 1 --batch 4 --steps 9 --quiet -o f.safetensors > out
$ recur train new --init-from a.safetensors --layers 3
! recur train: --layers 3 contradicts --init-from a.safetensors, whose model has 2: leave it out
[2]
$ recur train new --init-from a.safetensors --cell gru
! recur train: --cell gru contradicts --init-from a.safetensors, whose model has lstm: leave it out
[2]
$ recur train new --init-from a.safetensors --embed 4
! recur train: --embed 4 contradicts --init-from a.safetensors, whose model has 0: leave it out
[2]
$ recur train new --init-from a.safetensors --bidirectional
! recur train: --bidirectional contradicts --init-from a.safetensors, whose model is without: leave it out
[2]
$ recur train new --init-from a.safetensors --tokens word
! recur train: --tokens word contradicts --init-from a.safetensors, whose model has char: leave it out
[2]
$ recur train new --init-from a.safetensors --clean letters
! recur train: --clean letters contradicts --init-from a.safetensors, whose model has none: leave it out
[2]
$ recur train new --init-from a.safetensors --reserved '<pad>'
! recur train: --reserved does not go with --init-from: the model that the run goes on from decides
[2]
$ recur train --preset d2l-gru --init-from a.safetensors
! recur train: --preset does not go with --init-from: the model that the run goes on from decides
[2]
$ recur train new --init-from a.safetensors --task tag
! recur train: --task tag reads words, and the model that --init-from a.safetensors names reads the tokens char
[2]
$ recur train old --quiet --tokens word --hidden 8 --embed 0 --epochs 1 --batch 2 --steps 9 -o w.safetensors > out; printf 'fox\tB-X\nthe\tO\n\n%.0s' $(seq 30) > tags; recur train tags --task tag --init-from w.safetensors
! recur train: a model that reads words to tag through an embedding cannot go on from one without: train that one with an embedding (--embed N)
[2]
$ recur train new --patience 2 --validation 0
! recur train: --patience needs held-out text, and --validation is 0
[2]
$ recur train new --init-from a.safetensors --freeze 3 --batch 4 --steps 9 -o f.safetensors
! recur train: 3 layers cannot be frozen: the model has 2
[2]
$ recur train new --freeze 1
! recur train: --freeze needs --init-from
[2]
$ recur train new --vocabulary keep
! recur train: --vocabulary needs --init-from
[2]
$ recur train new --init-from a.safetensors -o a.safetensors
! recur train: --output would overwrite a.safetensors, which --init-from goes on from
[2]
$ recur train new --init-from nowhere
! recur train: cannot read nowhere: No such file or directory
[1]
$ recur convert a.safetensors q.safetensors --quantize int8 > out; recur train new --init-from q.safetensors
! recur train: --init-from: q.safetensors is quantised to int8 and is not trained any more; go on from the model that it was made of
[1]
$ recur train old --quiet --hidden 8 --epochs 1 --batch 4 --steps 9 -o p.safetensors > out; recur convert p.safetensors p.torch --to pytorch > out; recur train new --init-from p.torch
! recur train: --init-from: p.torch has no vocabulary, so what its ids mean is not known; recur convert --vocab FILE gives it one
[1]
# Those of other programs: ONNX files hold all of it.
$ recur convert a.safetensors a.onnx > out; recur train new --init-from a.onnx --epochs 1 --batch 4 --steps 9 --quiet -o g.safetensors > out; recur train new --init-from a.safetensors --epochs 1 --batch 4 --steps 9 --quiet -o h.safetensors > out; recur eval -m g.safetensors new > g; recur eval -m h.safetensors new | cmp - g
