# Continuing prompts.

$ recur train --quiet --hidden 16 --epochs 3 > out
$ recur generate -p 'Mara ' -n 20 --temp 0 | cut -c 1-5
Mara 
$ recur generate -p 'Mara ' -n 20 --temp 0 | grep -o . | wc -l
25
$ recur generate -p Mara -n 0
Mara
$ recur generate -p Mara -n 0 --no-display-prompt | wc -c
0
$ printf 'Mara\n' | recur generate -p - -n 0
Mara
$ recur generate -n 5 --no-display-prompt --temp 0 > a; recur generate -n 5 --no-display-prompt --temp 0 --prompt '' > b; cmp a b
$ recur generate -m - -p Mara -n 0 < model.safetensors
Mara

# The same seed gives the same text; another one another.
$ recur generate -n 40 -s 1 > a; recur generate -n 40 --seed 1 > b; recur generate -n 40 -s 2 > c; cmp a b; cmp -s a c
[1]
$ recur generate -n 40 --temp 5 --top-k 1 > a; recur generate -n 40 --temp 0 > b; cmp a b

# Without one another text each time, by a seed that is printed and gives it again; none where nothing is drawn.
$ recur generate -n 40 > a 2> seed; recur generate -n 40 > b 2> other; cmp -s a b; echo $?; sed 's/[0-9]*$/N/' seed other; recur generate -n 40 -s $(sed 's/seed //' seed) | cmp - a
1
seed N
seed N
$ recur generate -n 4 --temp 0 > a; recur generate -n 4 --top-k 1 | cmp - a; recur generate -n 0 -p Mara
Mara

# The same text on any number of threads.
$ recur train --quiet --hidden 300 --batch 8 --steps 16 --epochs 1 --max-tokens 600 -o wide > out
$ for threads in 1 2 3; do recur generate -m wide -n 60 -s 4 --threads $threads > t$threads; done; cmp t1 t2; cmp t1 t3; wc -l < t1 | sed 's/[2-9]/1/'
1

# Unknown characters: one warning.
$ recur generate -p 'Ж' -n 0
Ж
! recur generate: warning: the model's vocabulary lacks 1 of 1 token of the prompt, read as <unk>
$ recur generate -p 'MaraЖЖ' -n 0
MaraЖЖ
! recur generate: warning: the model's vocabulary lacks 2 of 6 tokens of the prompt, read as <unk>
$ recur generate -p 'Ж' -n 3 -s 1 --no-display-prompt | wc -l
1
! recur generate: warning: the model's vocabulary lacks 1 of 1 token of the prompt, read as <unk>
$ recur generate -n 10 -s 1 > /dev/full
! recur: cannot write standard output: No space left on device
[1]

# Words are parted by one space.
$ recur train --quiet --tokens word --hidden 8 --batch 4 --steps 8 --epochs 1 -o words > out
$ recur generate -m words -p 'Mara kept' -n 3 -s 1 | grep -cE '^Mara kept( [^ ]+){3}$'
1
$ recur generate -m words -p 'Mara qwertyuiop' -n 0
Mara qwertyuiop
! recur generate: warning: the model's vocabulary lacks 1 of 2 tokens of the prompt, read as <unk>
