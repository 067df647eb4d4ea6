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
! recur fill: 1 of the text's 1 blank is not a token: a model of words fills whole words
[1]
$ printf 'time _ tide\ntime a_d _\n' | recur fill -m words -
time and tide
! recur fill: line 2: 1 of the text's 2 blanks is not a token: a model of words fills whole words
[1]

# A model that fills does not continue, and the other way round.
$ recur generate -m m -p time
! recur generate: a model that fills blanks does not continue a text; recur fill puts it to use, and a language model (lm) continues texts
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
! recur fill: unexpected argument "b"; usage: recur fill [OPTIONS] [TEXT]
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

# What the vocabulary lacks, and what is no text, is said once; blanks are not meant.
$ recur fill -m m 'timé a_d Tide'
timé and Tide
! recur fill: warning: the model's vocabulary lacks 2 of 13 tokens of the text, read as <unk>
$ printf 'timé a_d\nTide\n' | recur fill -m m -
timé and
Tide
! recur fill: warning: the model's vocabulary lacks 2 of 12 tokens of the text, read as <unk>
$ recur fill -m words 'time _ Tide'
time and Tide
! recur fill: warning: the model's vocabulary lacks 1 of 3 tokens of the text, read as <unk>
$ recur fill -m m $'t\xffme a_d' | od -c | head -1
0000000   t 377   m   e       a   n   d  \n
! recur fill: warning: the text: 1 byte sequence is not UTF-8 and was read as U+FFFD
! recur fill: warning: the model's vocabulary lacks 1 of 8 tokens of the text, read as <unk>
$ printf 't_me\r\nand tid_\r\n' | recur fill -m m - | od -c
0000000   t   i   m   e  \r  \n   a   n   d       t   i   d   e  \r  \n
0000020

# Marks and texts at the edge.
$ recur fill -m m ''
! recur fill: warning: the text has no blank, "_"
$ recur fill -m m _ | wc -c
2
$ recur fill -m m --blank $'\xff' t_me
! recur fill: a blank is marked by one character, got "\xFF"
[2]
$ recur fill -m words --blank ' ' 'time and'
! recur fill: 1 of the text's 1 blank is not a token: a model of words fills whole words
[1]
$ recur fill -m m --blank $'\xef\xbb\xbf' $'t\xef\xbb\xbfme'
! recur fill: 1 of the text's 1 blank is not a token: this character is left out where texts are read
[1]
$ recur fill -m m -f .
! recur fill: cannot read .: it is a directory
[1]
$ recur fill -m . t_me
! recur fill: cannot read .: it is a directory
[1]
$ recur train text --quiet --task fill --tokens byte --hidden 4 --batch 4 --steps 30 --epochs 1 -o bytes > out; recur fill -m bytes --blank € 't€me'
! recur fill: 1 of the text's 1 blank is not a token: a model of bytes needs a blank of one byte
[1]
$ recur convert m bare --to recur > out; head -c 900 bare > cut; recur fill -m cut t_me 2>&1 | sed 's/has [0-9]* bytes, only [0-9]*/has N bytes, only N/'
recur fill: cut: the file is cut off: its header has N bytes, only N are there
$ recur eval -m bytes text --json | grep -c accuracy
1

# Other tasks' options.
$ recur train text --task fill --blanks -1
! recur train: --blanks must be a number of at least 0 and below 1, got "-1"
[2]
$ recur train text --task fill --preset d2l-gru --predict a
! recur train: --predict needs --task lm, got fill
[2]
$ recur train text --task fill --ar 2
! recur train: --ar needs --task lm, got fill
[2]
$ recur train text --preset d2l-gru --bidirectional
! recur train: --bidirectional needs --task fill, tag or classify: a language model that reads from the end too would see the tokens it is to predict
[2]
