# What a model file holds.

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --hidden 3,2 --embed 4 --batch 2 --steps 3 --epochs 2 --validation 0 -o model > out
$ recur info model | sed -E '/^ +[0-9]/{s/[0-9.]+/N/g; s/ +/ /g}'
model: lstm 3,2, embedding 4, 192 parameters
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
 N N N - -
 N N N - -
$ recur info model --json | sed -E 's/"history": .*//'
{"config": {"task": "lm", "cell": "lstm", "activation": "tanh", "layers": 2, "hidden": [3, 2], "bidirectional": false, "merge": "concat", "inputs": 0, "embedding": 4, "vocabulary": 4, "biases": 2, "dropout": 0.0, "init": "uniform"}, "parameters": 192, "tensors": [{"name": "embedding.weight", "shape": [4, 4], "count": 16}, {"name": "rnn.weight_ih_l0", "shape": [12, 4], "count": 48}, {"name": "rnn.weight_hh_l0", "shape": [12, 3], "count": 36}, {"name": "rnn.bias_ih_l0", "shape": [12], "count": 12}, {"name": "rnn.bias_hh_l0", "shape": [12], "count": 12}, {"name": "rnn.weight_ih_l1", "shape": [8, 3], "count": 24}, {"name": "rnn.weight_hh_l1", "shape": [8, 2], "count": 16}, {"name": "rnn.bias_ih_l1", "shape": [8], "count": 8}, {"name": "rnn.bias_hh_l1", "shape": [8], "count": 8}, {"name": "linear.weight", "shape": [4, 2], "count": 8}, {"name": "linear.bias", "shape": [4], "count": 4}], "vocabulary": {"tokens": "char", "clean": "none", "size": 4, "reserved": 0, "entries": ["<unk>", "a", "b", "c"]}, 
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
! recur info: text: not a safetensors file: its header would have 7089056562649719393 bytes, at most 100000000 are allowed
[1]
$ recur info a b
! recur info: unexpected argument "b"; usage: recur info [OPTIONS] [MODEL]
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
