# What a text makes a terminal do: it is escaped there, and nowhere else.

# A text of escape sequences, C1 controls, marks that turn the direction of writing, carriage returns; line ends and tabs are none.
$ printf 'a\e]0;owned\a\e[2J\u009b1m\u202ex\x7f\ry\tz\n%.0s' $(seq 40) > acts; recur train acts --quiet --hidden 32 --batch 4 --steps 22 --epochs 80 --lr 0.03 --predict 'a' -o m > line; tail -1 line | sed 's/\x1b/ESC/g' | cat -v
aESC]0;owned^GESC[2JM-BM-^[1mM-bM-^@M-.x^?^My	zM-bM-^FM-5aESC]0;owned^GESC[2JM-BM-^[1mM-bM-^@M-.x^?^My	z
$ recur generate -m m -p a -n 25 --temp 0 > piped; head -1 acts | cmp - piped
$ $CASES/terminal recur generate -m m -p a -n 25 --temp 0
a\x1B]0;owned\x07\x1B[2J\u009B1m\u202Ex\x7F\ry	z
$ $CASES/terminal recur generate -m m -p $'a\e' -n 2 --temp 0
a\x1B]0
# Continuations, in the end and while training.
$ $CASES/terminal recur train acts --quiet --hidden 32 --batch 4 --steps 22 --epochs 80 --lr 0.03 --predict 'a' -o m | tail -1
a\x1B]0;owned\x07\x1B[2J\u009B1m\u202Ex\x7F\ry	z↵a\x1B]0;owned\x07\x1B[2J\u009B1m\u202Ex\x7F\ry	z
$ $CASES/terminal -2 recur train acts --hidden 32 --batch 4 --steps 22 --epochs 80 --lr 0.03 --predict 'a' --predict-every 79 -o m | grep -a '^  a' | head -1
  a\x1B]0;owned\x07\x1B[2J\u009B1m\u202Ex\x7F\ry	z↵a\x1B]0;owned\x07\x1B[2J\u009B1m\u202Ex\x7F\ry	z
# Fillings.
$ recur train acts --task fill --batch 4 --quiet --bidirectional --hidden 8 --epochs 1 -o f > out; recur fill -m f $'a\e]0;owned\a' | cat -v; $CASES/terminal recur fill -m f $'a\e]0;owned\a'; printf 'a\e[2J\r\n\tb\n' | $CASES/terminal recur fill -m f - | od -An -c
a^[]0;owned^G
a\x1B]0;owned\x07
   a   \   x   1   B   [   2   J  \r  \n  \t   b  \n
! recur fill: warning: the text has no blank, "_"
! recur fill: warning: the text has no blank, "_"
! recur fill: warning: the model's vocabulary lacks 1 of 7 tokens of the text, read as <unk>
# Words and texts with labels.
$ printf 'a\e[2J X\nb\u202e Y\n\n%.0s' $(seq 20) > words; recur train words --task tag --quiet --hidden 4 --epochs 1 -o t > out; head -3 words | recur predict -m t - | cut -c 1-5 | cat -v; head -3 words | $CASES/terminal recur predict -m t - | sed 's/[XY]$/LABEL/'
a^[[2J
bM-bM-^@M-. 
a\x1B[2J X LABEL
b\u202E Y LABEL
