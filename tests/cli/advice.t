# What is advised works, in each case in which it is advised.

$ yes 'the mist hid the river' | head -60 > text; recur train text --quiet --hidden 6 --batch 4 --steps 5 --epochs 1 -o model.safetensors > out; recur train text --quiet --task fill --hidden 6 --batch 4 --steps 5 --epochs 1 -o fill.safetensors > out

# A model among the arguments is the model, whichever place it has.
$ recur generate model.safetensors -p the -n 5 --temp 0 | cmp - <(recur generate -m model.safetensors -p the -n 5 --temp 0); mv model.safetensors lm; recur generate lm -p the -n 5 --temp 0 | wc -c; recur eval lm text --json | cmp - <(recur eval -m lm text --json); recur eval text lm --json | cmp - <(recur eval -m lm text --json); recur features text -o f.npy lm; recur fill fill.safetensors "the r_ver" | cmp - <(recur fill -m fill.safetensors "the r_ver")
9
! 1380 tokens x 6 numbers of layer 1 in f.npy
$ recur eval lm; recur eval -m fill.safetensors lm
! recur eval: TEXT is missing; usage: recur eval [OPTIONS] TEXT
! recur eval: lm: not a text in UTF-8 but a model as safetensors: recur info shows it
[1]
$ recur generate lm fill.safetensors
! recur generate: lm is a file, but not a model's; --prompt - reads a text from standard input
[2]
$ recur generate text
! recur generate: text is a file, but not a model's; --prompt - reads a text from standard input
[2]
$ recur generate "the mist"
! recur generate: unexpected argument "the mist"; did you mean --prompt "the mist"?
[2]

# The cause of an empty text, and of one that is too short.
$ yes 今天天气很好 | head -200 > chinese; recur train --clean letters chinese; printf ' \n\t\n' > blank; recur vocab --tokens word --word-rule space blank; : > empty; recur vocab --clean letters empty
! recur train: chinese has no tokens (3800 bytes were read); cleaning by letters keeps nothing but A-Z and a-z, and there are none
! recur vocab: blank has no tokens (4 bytes were read); all of it is white space
! recur vocab: empty has no tokens (0 bytes were read)
[1]
$ printf a > one; recur train one; printf abc > three; recur train three --batch 1 --steps 1 --validation 0.9; recur train three --batch 2 --steps 5
! recur train: the text has 1 token, but one minibatch of 4 sequences x 35 steps needs 141
! recur train: the text has 3 tokens, 1 of them to train on, but one minibatch of 1 sequence x 1 step needs 2; hold less of it out
! recur train: the text has 3 tokens, but one minibatch of 2 sequences x 5 steps needs 11; it takes a longer text, a smaller batch or fewer steps
[1]

# A language model of both directions, which only an import can be, neither continues nor fills: the advice is what it does.
$ recur vocab --json text > v; python3 -c 'import json, struct; v = json.load(open("v"))["size"]; s = {f"rnn.{n}_l0{r}": d for r in ("", "_reverse") for n, d in (("weight_ih", [2, v]), ("weight_hh", [2, 2]), ("bias_ih", [2]), ("bias_hh", [2]))} | {"linear.weight": [v, 4], "linear.bias": [v]}; w = lambda d: 4 * d[0] * (d + [1])[1]; ends = {n: sum(w(s[m]) for m in list(s)[:i + 1]) for i, n in enumerate(s)}; h = {n: {"dtype": "F32", "shape": d, "data_offsets": [ends[n] - w(d), ends[n]]} for n, d in s.items()}; at = max(ends.values()); j = json.dumps(h).encode(); open("both.safetensors", "wb").write(struct.pack("<Q", len(j)) + j + bytes(at))'; recur convert --activation tanh --vocab v both.safetensors both
both (recur): rnn tanh 2, both directions (concat), one-hot input, 124 parameters
$ recur generate -m both -p the; recur fill -m both "the r_ver"; recur eval -m both text; recur features -m both -o f.npy text
! recur generate: a bidirectional model cannot continue a text: its backward direction would have to read the future, which is not written yet; recur features puts it to use, and a language model of one direction continues texts
! recur fill: a language model does not fill blanks; train one with the task fill
! recur eval: a bidirectional language model sees the tokens it is to predict
! 1380 tokens x 4 numbers of layer 1 in f.npy
