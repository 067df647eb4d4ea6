# The programs in examples/, each doing what its first comment says.

$ printf 'The cat sat on the mat.\nThe dog sat on the log. 42!\n' > short.txt
$ $EXAMPLES/read_text short.txt
[the][cat][sat][on][the][mat]
[the][dog][sat][on][the][log]
12 tokens in 2 lines
<unk>: id 0, count 0
the: id 1, count 4
sat: id 2, count 2
on: id 3, count 2
cat: id 4, count 1
mat: id 5, count 1
dog: id 6, count 1
log: id 7, count 1
sat on: 2 times
on the: 2 times
the cat: 1 times
epoch 0, minibatches: 1
3 -> 1, 1 -> 5, 5 -> 1
6 -> 2, 2 -> 3, 3 -> 1
epoch 1, minibatches: 1
1 -> 4, 4 -> 2, 2 -> 3
5 -> 1, 1 -> 6, 6 -> 2
$ printf 'one\ntwo words\nthree words here\n\nfive words are in here\n' | $EXAMPLES/bucket_lines -
epoch 0, minibatches: 2
line 5 of length 5, line 3 of length 3, line 2 of length 2, line 1 of length 1
line 4 of length 0
epoch 1, minibatches: 2
line 4 of length 0
line 5 of length 5, line 3 of length 3, line 2 of length 2, line 1 of length 1
$ $EXAMPLES/read_text no.txt
! read_text: cannot read no.txt: No such file or directory
[1]
$ $EXAMPLES/train_text first.safetensors 2 | sed -E 's/[0-9]+\.?[0-9]*/N/g' | uniq -c | sed -E 's/^ +//'
2 epoch N: N nats per token, N on held-out text
1 N tokens: perplexity N, N % of them guessed
$ for i in 1 2 3; do sed 's/^/the cat sat on the mat and the dog on the log. /' short.txt; done > text.txt; for i in 1 2 3 4 5; do cat text.txt text.txt > twice.txt; mv twice.txt text.txt; done
$ $EXAMPLES/train_text model.safetensors 8 text.txt > log.txt; grep -c held-out log.txt; tail -1 log.txt | sed -E 's/perplexity 1\.[0-9], 9[0-9] %/perplexity 1.N, 9N %/'
8
14015 tokens: perplexity 1.N, 9N % of them guessed
$ $EXAMPLES/train_text no/model.safetensors 1 text.txt > log.txt
! train_text: cannot write no/model.safetensors: no: No such file or directory
[1]
$ $EXAMPLES/train_text model.safetensors 1 short.txt
! train_text: the text has 52 tokens, 47 of them to train on, but one minibatch of 16 sequences x 35 steps needs 561; it takes a longer text, a smaller batch or fewer steps
[1]
$ $EXAMPLES/stream_text model.safetensors 'The cat sat on' 8
The cat sat on the mat
! 14 tokens read, 0 of them unknown, 8 made
$ $EXAMPLES/stream_text model.safetensors 'The cat sat on' 40 7 2> note.txt | cmp - <(recur generate -m model.safetensors -p 'The cat sat on' -n 40 --temp 0.7 --seed 7) ; cat note.txt
14 tokens read, 0 of them unknown, 40 made
$ $EXAMPLES/stream_text short.txt
! stream_text: short.txt: not a safetensors file but a text: recur train makes a model of it
[1]
$ for t in 1 2 5; do $EXAMPLES/many_sessions model.safetensors 300 $t 30 > sessions-$t.txt; done; cmp sessions-1.txt sessions-2.txt; cmp sessions-1.txt sessions-5.txt; sed -E 's/: .*/: .../' sessions-1.txt
300 sessions of 576 bytes over one model of 60180 parameters
0: ...
1: ...
2: ...
$ $EXAMPLES/many_sessions model.safetensors 5000 2 10 | wc -l
4
$ $EXAMPLES/layer_features model.safetensors short.txt | sed -E 's/[0-9]+\.[0-9]+/N/'
52 tokens, rows of 128 numbers, their length N on average (root mean square)
$ $EXAMPLES/show_model model.safetensors | sed -E 's/[0-9]\.[0-9]{3}$/N/; s/^.*: at most [0-9]+/ISA, N threads: at most N/'
compiled for recur 0.1.0, running recur 0.1.0
task lm
cell gru
activation tanh
layers 1
bidirectional 0
merge concat
inputs 0
embedding 0
vocabulary 20
biases 2
dropout 0
init uniform
seed 1
dropout_kind standard
weight_drop 0
tied 0
input_dropout 0
rnn.weight_ih_l0     (384, 20), root mean square N
rnn.weight_hh_l0     (384, 128), root mean square N
rnn.bias_ih_l0       (384, 1), root mean square N
rnn.bias_hh_l0       (384, 1), root mean square N
linear.weight        (20, 128), root mean square N
linear.bias          (20, 1), root mean square N
ISA, N threads: at most N trained tokens per second
$ recur train --task fill --bidirectional --hidden 32 --epochs 12 --batch 8 --lr 0.01 -o fill.safetensors text.txt > /dev/null 2>&1; $EXAMPLES/fill_blanks fill.safetensors 'the d_g on the log' | sed -E 's/^[0-9.]+/N/' | head -1
N  the dog on the log
$ $EXAMPLES/fill_blanks model.safetensors 'the d_g'
! fill_blanks: a language model does not fill blanks; train one with the task fill
[1]
$ for i in 1 2 3 4 5 6 7 8 9 10 11 12; do printf 'the DET\ncat NOUN\nsat VERB\n\na DET\ndog NOUN\nran VERB\n\nthe DET\nmat NOUN\n\n'; done > tagged.txt; for i in 1 2 3; do cat tagged.txt tagged.txt > twice.txt; mv twice.txt tagged.txt; done; printf 'a\nmat\nsat\n\nthe\ndog\n' > words.txt
$ $EXAMPLES/tag_lines tagged.txt words.txt
1.00 of the labels are right
a/DET mat/NOUN sat/VERB
the/DET dog/NOUN
$ $EXAMPLES/tag_lines no.txt
! tag_lines: cannot read no.txt: No such file or directory
[1]
$ $EXAMPLES/keep_store kept short.txt; ls kept
13 ids, a vocabulary of 10
loss 2.25 after an epoch
00000.ids
store.json
vocabulary.json
$ $EXAMPLES/keep_store kept short.txt
! keep_store: kept holds a store already: give another name, or remove it
[1]

# Processes that train one model together have the bits of one.
$ for n in 1 2 3; do $EXAMPLES/own_ranks ranks$n $n > log$n; done; cmp log1 log2; cmp log1 log3
$ cmp ranks1 ranks2; cmp ranks1 ranks3; sed 's/[0-9.]* nats/N nats/' log3
epoch 1: N nats per token
epoch 2: N nats per token
epoch 3: N nats per token
