# A model whose parameters are finite, but too large to compute with.

$ for i in {1..30}; do echo 'time and tide wait'; done > text; for t in lm fill; do recur train text --quiet --validation 0 --batch 2 --steps 8 --epochs 1 --cell rnn --activation relu --hidden 2 --task $t -o m.$t > out; head -c -$(recur info --json m.$t | grep -o '"parameters": [0-9]*' | sed 's/.* \(.*\)/\1 * 4/' | xargs expr) m.$t > $t; printf '\xff\xff\x7f\x7f%.0s' $(seq $(recur info --json m.$t | grep -o '"parameters": [0-9]*' | cut -d ' ' -f 2)) >> $t; recur info $t | head -1; done
lm: rnn relu 2, one-hot input, 63 parameters
fill: rnn relu 2, fills blanks, one-hot input, 63 parameters
$ recur eval -m lm text
! recur eval: the model's weights are too large to compute with: the loss is not finite
[1]
$ recur eval -m lm text --json
! recur eval: the model's weights are too large to compute with: the loss is not finite
[1]
$ recur eval -m fill text
! recur eval: the model's weights are too large to compute with: the loss is not finite
[1]
$ recur generate -m lm -n 3 -s 1
! recur generate: the model's weights are too large to compute with: a logit is not finite
[1]
$ recur fill -m fill 't_me'
! recur fill: the model's weights are too large to compute with: a logit is not finite
[1]
$ echo old > a.npy; recur features -m lm text -o a.npy
! recur features: the model's weights are too large to compute with: a state is not finite
[1]
$ recur features -m fill text -o a.npy; cat a.npy; ls
old
a.npy
fill
lm
m.fill
m.lm
out
text
! recur features: the model's weights are too large to compute with: a state is not finite
