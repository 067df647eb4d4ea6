# Names and values that would act on a terminal, are no text, or have no end.

$ recur train $'a\e[31m\n'
! recur train: cannot read a\x1B[31m\n: No such file or directory
[1]
$ recur train $'\xff\xc3('
! recur train: cannot read \xFF\xC3(: No such file or directory
[1]
$ recur vocab $'\u202egpj.txt'
! recur vocab: cannot read \u202Egpj.txt: No such file or directory
[1]
$ recur generate -m $'\u009b2J'
! recur generate: cannot read \u009B2J: No such file or directory
[1]
$ recur train -o $'missing\a/x'
! recur train: --output: cannot write missing\x07/x: missing\x07: No such file or directory
[1]
$ recur train --cell $'\e]0;owned\a'
! recur train: --cell must be one of rnn, gru, gru-reset-before, lstm, ln-lstm, ln-gru, got "\x1B]0;owned\x07"
[2]
$ recur train --lr $'1\n2'
! recur train: --lr must be a number above 0, got "1\n2"
[2]
$ recur train --hidden $'\x7f'
! recur train: --hidden must be whole numbers from 1 to 65536 with commas between them, at most 64, got "\x7F"
[2]
$ recur train --max-tokens $'\t'
! recur train: --max-tokens must be a whole number of at least 1, got "\t"
[2]
$ recur train --reserved $'\xff'
! recur train: reserved token 1, "\xFF", is not UTF-8
[2]
$ recur train --tokens byte --reserved $'\xff\xfe'
! recur train: reserved token 1, "\xFF\xFE", is not UTF-8
[2]
$ recur train --reserved $'\e[1m,\e[1m'
! recur train: reserved token 2, "\x1B[1m", is given twice
[2]
$ recur train --$'\e[1m'
! recur train: unknown option --\x1B[1m; recur train --help lists them
[2]
$ recur train -$'\e'
! recur train: unknown option -\x1B; recur train --help lists them
[2]
$ recur train --quiet=$'\e'
! recur train: --quiet takes no value, got "\x1B"
[2]
$ recur $'\e[1m'
! recur: unknown command "\x1B[1m"; recur --help lists them
[2]
$ recur fetch $'\e[1m'
! recur fetch: unknown dataset "\x1B[1m"; recur fetch lists them
[2]
$ recur vocab a $'\e'
! recur vocab: unexpected argument "\x1B"; usage: recur vocab [OPTIONS] TEXT
[2]
$ x=$(printf 'x%.0s' {1..300}); recur train --cell $x
! recur train: --cell must be one of rnn, gru, gru-reset-before, lstm, ln-lstm, ln-gru, got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
[2]
$ x=$(printf 'x%.0s' {1..300}); recur train --$x
! recur train: unknown option --xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…; recur train --help lists them
[2]
$ x=$(printf 'x%.0s' {1..300}); recur $x
! recur: unknown command "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"; recur --help lists them
[2]
$ x=$(printf 'x%.0s' {1..3000}); recur train $x 2>&1 | sed 's/x*…/X…/'
recur train: cannot read X…: File name too long
$ x=$(printf 'x%.0s' {1..3000}); recur train -o $x/m 2>&1 | sed 's/x*…/X…/'
recur train: --output: cannot write X…: File name too long

# Files of such names can be used, and are named harmlessly.
$ for i in {1..30}; do echo 'time and tide wait'; done > $'te\nxt'; recur train $'te\nxt' --quiet --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o $'m\e[1m' > out; ls -b
m\033[1m
out
te\nxt
$ recur info $'m\e[1m' | head -1
m\x1B[1m: lstm 2, one-hot input, 153 parameters
$ recur convert $'m\e[1m' $'c\e[1m'
c\x1B[1m (recur): lstm 2, one-hot input, 153 parameters
$ printf 'a\e\a' > odd; recur vocab odd
1. Lines: 1
     a\x1B\x07
2. Cleaned (none)
     a\x1B\x07
3. Tokens (char): 3
     ["a", "\x1B", "\x07"]
4. Counts, the largest first: 3 different tokens
     {"a": 1, "\x1B": 1, "\x07": 1}
5. Dictionary: 4 entries
     {"<unk>": 0, "a": 1, "\x1B": 2, "\x07": 3}
6. Ids
     1 2 3
7. One-hot rows of the first line
     1: [0,1,0,0]
     2: [0,0,1,0]
     3: [0,0,0,1]
$ recur train $'te\nxt' --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o $'my "m' --predict '"$' 2>&1 > out | grep -A 9 'The model'
The model is in my "m. Next:
  recur generate -m "my \"m" -p "\"\$"
  recur info "my \"m"
  recur eval -m "my \"m" TEXT
  recur train --help
$ recur train $'te\nxt' --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o -x --predict $'\a' 2>&1 > out | grep -A 2 'The model'
The model is in -x. Next:
  recur generate -m ./-x
  recur info ./-x

# An empty name is none.
$ recur train ''
! recur train: an argument is empty; usage: recur train [OPTIONS] [TEXT ...]
[2]
$ recur train a ''
! recur train: an argument is empty; usage: recur train [OPTIONS] [TEXT ...]
[2]
$ recur eval ''
! recur eval: an argument is empty; usage: recur eval [OPTIONS] TEXT
[2]
$ recur info ''
! recur info: an argument is empty; usage: recur info [OPTIONS] [MODEL|STORE]
[2]
$ recur convert a ''
! recur convert: an argument is empty; usage: recur convert [OPTIONS] IN OUT
[2]
$ recur fetch ''
! recur fetch: an argument is empty; usage: recur fetch [OPTIONS] [NAME]
[2]
$ recur train - - < /dev/null
! recur train: standard input, -, can be read only once
[2]
