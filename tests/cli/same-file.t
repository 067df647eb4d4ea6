# An output is never a file that is read, nor another output, under whatever name.
# needs: test -f "$RECUR_DATA/timemachine.txt" && recur --version | grep -q "libmd.*cairo"

$ mkdir d; cp "$RECUR_DATA/timemachine.txt" d; ln d/timemachine.txt hard; ln -s d/timemachine.txt soft; ln -s d folder; sha1sum d/timemachine.txt > sum
$ RECUR_DATA=d recur train -o d/timemachine.txt time_machine
! recur train: --output would overwrite the text d/timemachine.txt
[2]
$ RECUR_DATA=d recur train --preset d2l-gru --log folder/../d/timemachine.txt
! recur train: --log would overwrite the text d/timemachine.txt
[2]
$ RECUR_DATA=d recur train --preset d2l-gru --report hard
! recur train: --report would overwrite the text d/timemachine.txt
[2]
$ RECUR_DATA=d recur train sum time_machine -o soft
! recur train: --output would overwrite the text d/timemachine.txt
[2]
$ recur train hard -o soft
! recur train: --output would overwrite the text hard
[2]
$ recur train - -o soft < hard
! recur train: --output would overwrite the text standard input
[2]
$ sha1sum -c sum
d/timemachine.txt: OK

# Two outputs, also where neither exists yet.
$ recur train -o x --log ./x
! recur train: --output and --log are one file, ./x
[2]
$ recur train -o x --report "$PWD/x" 2>&1 | sed "s:$PWD:PWD:"
recur train: --output and --report are one file, PWD/x
$ recur train --log folder/curve.svg --plot d/curve.svg
! recur train: --log and --plot are one file, d/curve.svg
[2]
$ ln -s ahead link; recur train --report link --plot ahead.svg --log ahead
! recur train: --log and --report are one file, link
[2]
$ recur train -o hard --log soft
! recur train: --output and --log are one file, soft
[2]
$ ls; sha1sum -c sum
d
folder
hard
link
soft
sum
d/timemachine.txt: OK

# The other commands that write.
$ recur train sum --quiet --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o m > out; cp m m.npy; ln -s ../m d/again
$ recur features -m m.npy sum -o m.npy
! recur features: --output would overwrite m.npy
[2]
$ RECUR_DATA=d recur features -m m time_machine -o d/timemachine.txt
! recur features: --output would overwrite d/timemachine.txt
[2]
$ ln -s d/timemachine.txt tm.npy; RECUR_DATA=d recur features -m m time_machine -o tm.npy 2>&1 | tail -1
recur features: --output would overwrite d/timemachine.txt
$ recur convert m d/again
! recur convert: OUT would overwrite m
[2]
$ recur vocab sum --json > v; recur convert --to pytorch m torch; recur convert torch v --vocab v
torch (pytorch): lstm 2, one-hot input, 318 parameters
! recur convert: OUT would overwrite v
[2]
$ recur convert - m.npy < m.npy
! recur convert: OUT would overwrite standard input
[2]
$ recur convert - other --vocab - < v
! recur convert: IN and --vocab cannot both be standard input
[2]
$ sha1sum -c sum; cmp m m.npy; ls
d/timemachine.txt: OK
d
folder
hard
link
m
m.npy
out
soft
sum
tm.npy
torch
v

# What is no regular file can take several things: nothing is lost.
$ recur train sum --quiet --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o /dev/null --log /dev/null > out

# A link stays a link, and what it points to is written.
$ mkdir real; echo old > real/report; ln -s real/report report; ln -s real/log log; ln -s real/curve.svg curve.svg; ln -s real/model model
$ recur train sum --quiet --validation 0 --batch 2 --steps 8 --epochs 1 --hidden 2 -o model --report report --log log --plot curve.svg > out; ls real; find . -type l | sort; grep -c predictions real/report
curve.svg
log
model
report
./curve.svg
./d/again
./folder
./link
./log
./model
./report
./soft
./tm.npy
1
