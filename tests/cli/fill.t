# Filling blanks.

$ for i in {1..60}; do echo 'time and tide wait for no man'; done > text; recur train text --quiet --task fill --bidirectional --hidden 24 --batch 4 --steps 30 --lr 0.02 --epochs 20 -o m > out; recur info m | head -1
m: lstm 24, fills blanks, both directions (concat), one-hot input, 8366 parameters
$ recur fill -m m 'time a_d tide wa_t for n_ m_n'
time and tide wait for no man
$ recur fill -m m 't__e and t__e'
time and tide
$ recur fill -m m --blank '?' 'time ?nd tide'
time and tide
$ recur fill -m m --blank '€' 'time €nd tide'
time and tide
$ recur fill -m m --top 3 'time a_d tide' | sed -E 's/^[01]\.[0-9]{4}\t/P /' | head -1
P time and tide
$ recur fill -m m --top 3 'time a_d tide' | wc -l
3
$ printf 't_me\nand\n\ntid_ wait' | recur fill -m m -
time
and
tide wait
$ printf 'time and tide w_it for no man\ntim_ and tide' > blanks; recur fill -m m -f blanks
time and tide wait for no man
time and tide
$ recur fill -m m -f - < blanks
time and tide wait for no man
time and tide
$ recur fill -m - 'ti_e and' < m
time and
$ recur eval -m m text | sed -E 's/[0-9.]{6,}/N/'
tokens              1800
loss                N nats per token
perplexity          N
bits per character  N
accuracy            N
$ recur eval -m m text --json | grep -o '"accuracy": [01]'
"accuracy": 1
$ recur fill -m m 'time and tide'
time and tide
! recur fill: warning: the text has no blank, "_"
$ recur fill -m m t_me > /dev/full
! recur: cannot write standard output: No space left on device
[1]
$ printf 't_me\n' | recur fill -m m - > /dev/full
! recur: cannot write standard output: No space left on device
[1]

# Words are filled whole.
$ recur train text --quiet --task fill --merge sum --bidirectional --tokens word --hidden 24 --batch 4 --steps 30 --lr 0.02 --epochs 20 -o words > out; recur fill -m words 'time _ tide wait _ no man'
time and tide wait for no man
$ recur fill -m words 'time a_d tide'
! recur fill: 1 of the text's 1 blank is not a token: a model of words fills whole words, parted by spaces
[1]
$ printf 'time _ tide\ntime a_d _\n' | recur fill -m words -
time and tide
! recur fill: line 2: 1 of the text's 2 blanks is not a token: a model of words fills whole words, parted by spaces
[1]

# A model that fills does not continue, and the other way round.
$ recur generate -m m -p time
! recur generate: a bidirectional model cannot continue a text: its backward direction would have to read the future, which is not written yet; recur fill puts it to use, and a language model of one direction continues texts
[1]
$ recur train text --quiet --task fill --hidden 8 --epochs 1 -o forward > out; recur info forward | head -1; recur generate -m forward -p time
forward: lstm 8, fills blanks, one-hot input, 894 parameters
! recur generate: a model that fills blanks does not continue a text; recur fill puts it to use, and a language model (lm) continues texts
[1]
$ recur train text --quiet --hidden 8 --epochs 1 -o lm > out; recur fill -m lm t_me
! recur fill: a language model does not fill blanks; train one with the task fill
[1]

$ recur fill -m m
! recur fill: TEXT is missing; usage: recur fill [OPTIONS] TEXT
[2]
$ recur fill -m m a b
! recur fill: unexpected argument "b"
[2]
$ recur fill -m m -f blanks t_me
! recur fill: either TEXT or --file, not both
[2]
$ recur fill -m - -
! recur fill: the model and the text cannot both be standard input
[2]
$ recur fill -m - -f - < m
! recur fill: the model and the text cannot both be standard input
[2]
$ recur fill -m m --blank '' t_me
! recur fill: a blank is marked by one character, got ""
[2]
$ recur fill -m m --blank __ t_me
! recur fill: a blank is marked by one character, got "__"
[2]
$ recur fill -m m --beam 0 t_me
! recur fill: --beam must be a whole number from 1 to 1000, got "0"
[2]
$ recur fill -m m --top 1001 t_me
! recur fill: --top must be a whole number from 0 to 1000, got "1001"
[2]
$ recur fill -m m -f missing
! recur fill: cannot read missing: No such file or directory
[1]
$ recur fill -m missing t_me
! recur fill: cannot read missing: No such file or directory
[1]
$ recur fill --count 3
! recur fill: unknown option --count; recur fill --help lists them
[2]
