# Runs that fit a time, and what recur chooses by itself.

$ recur train --time 1 --quiet -o a --checkpoint-every 50 | grep -c perplexity; eval "$(recur info a | grep -o 'recur train.*' | tee line) --quiet --threads 1 -o b" > out; for m in a b; do recur convert $m --to pytorch $m.safetensors > out; done; cmp a.safetensors b.safetensors; grep -c -- "--stable [1-9][0-9]* --decay [1-9][0-9]* --updates [1-9]" line; grep -c -- --time line
1
1
0
[1]
# So does one that ends before its time, because more would only over-fit so short a text. Its rate falls too, from 0.02 almost to a fiftieth.
$ recur train --max-tokens 2000 --time 60 --quiet --log l -o c > out; eval "$(recur info c | grep -o 'recur train.*' | tee line) --quiet --threads 1 -o d" > out; for m in c d; do recur convert $m --to pytorch $m.safetensors > out; done; cmp c.safetensors d.safetensors; grep -c -- "--stable [1-9][0-9]* --decay [1-9][0-9]* --updates [1-9]" line; tail -n 1 l | grep -c '"lr": 0.000[45]'
1
1
# So does one of a mean that begins at a share of a length which moved.
$ recur train --time 2 --average swa --quiet -o s > out; eval "$(recur info s | grep -o 'recur train.*' | tee line) --quiet --threads 1 -o t" > out; for m in s t; do recur convert $m --to pytorch $m.safetensors > out; done; cmp s.safetensors t.safetensors; grep -c -- "--average swa --average-start [1-9]" line
1
# How many epochs fit is an estimate until the end, and no line says it: what a user waits for is the time, of which no line says that more is left.
$ some="--batch 1 --steps 10 --hidden 8"; for run in "--time 2" "--epochs 3"; do recur train $some $run -o e 2> shown > out; COLUMNS=60 "$CASES/terminal" -2 recur train $some $run -o e >> shown; for p in "run  *about" "epoch  *[1-9]" "epoch  *[1-9][0-9]*/"; do grep -c "$p" shown | sed 's/[1-9].*/some/'; done; done | xargs; recur train $some --time 2 -o e 2>&1 > out | grep -c "0:0[3-9] left"
some some 0 0 some some
0
[1]
# With more time the run goes on.
$ recur train --resume a.checkpoint.safetensors --time 1s --log l -o more > out; wc -l < out; recur train --resume a.checkpoint.safetensors -o same --quiet > out; recur convert same --to pytorch same.safetensors > out; cmp a.safetensors same.safetensors; grep -c -- "--stable [1-9].* --updates [1-9]" <(recur info same)
2
1
# No command makes the model of a run that goes on after its rate has fallen: neither the terminal nor the file says one, now or later.
$ for i in 1 2; do recur info more | grep -c "recur train"; recur train --resume more.checkpoint.safetensors 2> err > out; grep -c "same without" err; done; recur train --resume a.checkpoint.safetensors --time 1 -o more2 2>&1 | grep -c "same without"
0
0
0
0
0
[1]
# One that goes on before that has one command.
$ seq 100000 > large; recur train large --time 600 --checkpoint-every 1 --cell lstm --batch 2 --steps 9 --hidden 8 -o k > out 2>&1 & until test -s k.checkpoint.safetensors; do sleep 0.1; done; sleep 0.5; kill -INT $!; wait $!; recur train --resume k.checkpoint.safetensors --time 1 -o k2 2> err > out; grep -c "same without" err; eval "$(recur info k2 | grep -o 'recur train.*') --quiet -o k3" > out; for m in k2 k3; do recur convert $m --to pytorch $m.safetensors > out; done; cmp k2.safetensors k3.safetensors
1
# A length of minibatches is none of epochs.
$ recur train --resume a.checkpoint.safetensors --epochs 100 2>&1 | sed 's/[0-9][0-9]*/N/'
recur train: the run is to have N minibatches, which are not a number of epochs (--time T goes on for T)
# A run that was too short says so, and what goes on with it; so does one that spent its time on reading the text.
$ some="--time 1 --precision f32 --threads 1 --hidden 128 --batch 32 --steps 100"; for run in "$some -o u" "$some --checkpoint-every 9999 -o u" "--resume u.checkpoint.safetensors --time 1"; do recur train $run 2>&1 > out | grep -a "give it\|train longer" | sed 's/for [0-9]* minibatch[es]*/for N/; s/[1-9][0-9]*[smh]$/T/'; done
the time was enough for N: give it more time, --time T
the time was enough for N: give it more time, recur train --resume u.checkpoint.safetensors --time T
the time was enough for N: give it more time, recur train --resume u.checkpoint.safetensors --time T
$ (sleep 2; seq 3000) | recur train - --time 3 -o u 2>&1 > out | grep "^time" | sed 's/[0-9.][0-9.]* of/N of/'; recur train --time 3 -o u 2>&1 > out | grep -c "^time"
time   reading the text took N of 3 seconds; recur tokenize makes a store of it, which is read at once
0
[1]
# What is given by hand stays; so do networks that are inherited.
$ recur train --time 1 --cell gru --hidden 24 --batch 3 --lr 0.001 --dropout 0.1 --schedule constant --precision f32 -o c 2>&1 | grep -o "^chose.*:" | sed 's/ --weight-drop 0.[123] --ar 2//'; recur train --time 1 --init-from c --quiet -o d | grep -c perplexity; recur info d | head -1 | cut -d , -f 1
chose  --steps 35:
1
d: gru 24
# A large text gets layer normalisation, unless the cell is chosen by hand; a small one does not.
$ recur train large --time 1 --quiet -o n > out; recur info n | head -1 | cut -c 1-10; recur train large --time 1 --cell lstm --quiet -o n > out; recur info n | head -1 | cut -c 1-7; recur info a | head -1 | cut -d " " -f 2
n: ln-lstm
n: lstm
lstm
# A run that goes on from a model takes a smaller rate.
$ recur train --init-from c --max-tokens 900 -o e 2>&1 | grep "^chose"
chose  --dropout 0.4 --weight-drop 0.2 --batch 4 --steps 35 --lr 0.003 --schedule cosine --epochs 12 --patience 3: suits 810 tokens
# Labelled texts and blanks as well.
$ for i in 1 2 3 4 5 6 7 8 9; do printf 'a\tone two three\nb\tfour five six\n'; done > c.tsv; recur train c.tsv --task classify --time 1 -o e 2> err | sed 's/ .*//'; grep -c "^chose.*--hidden" err
accuracy
1
# Blanks and labels are read both ways, unless one says no, which a run repeats and resumes with.
$ for o in "fill --time 1" "fill --time 1 --no-bidirectional" "fill --max-tokens 900" "lm --time 1"; do recur train --task $o -o f 2>&1 | grep "^chose" | grep -c -- "--bidirectional"; done
1
0
1
0
[1]
$ recur train --task fill --max-tokens 900 --no-bidirectional --checkpoint-every 1 -o f 2>&1 | grep -o "^model.*blanks[^0-9]*"; recur info f | grep -o -- "--no[^ ]*"; recur train --resume f.checkpoint.safetensors --quiet -o f > out; recur info f | grep -o -- "--no[^ ]*"
model  lstm 192, fills blanks, one-hot input, dropout 
--no-bidirectional
--no-bidirectional
$ recur train c.tsv --task classify --time 1 -o e 2>&1 | grep -c "^chose.*--bidirectional"
1
$ recur train --no-hidden 3
! recur train: unknown option --no-hidden; did you mean --hidden?
[2]
$ recur train --no-tied=1
! recur train: --tied takes no value, got "1"
[2]
$ recur train --time 5x
! recur train: --time must be a time of at least 1s and at most 30 days, as 90s, 10m or 1h30m, got "5x"
[2]
$ recur train --time 5 --epochs 3
! recur train: --epochs does not go with --time, which says how long the run is
[2]
$ recur train --time 5 --schedule cosine
! recur train: --schedule cosine does not go with --time: it needs the run's length from the start, which --time finds as it goes; wsd does not
[2]
$ recur train --time 5 --warmup 0.1
! recur train: --warmup beside --time must be a number of minibatches, 1 or more
[2]

# Without --time the length of the text decides, unless something is chosen by hand.
$ recur train --max-tokens 900 -o g 2>&1 | grep "^chose"
chose  --hidden 192 --dropout 0.5 --weight-drop 0.3 --ar 2 --batch 4 --steps 35 --lr 0.02 --schedule cosine --epochs 30 --patience 8: suits 810 tokens
$ seq 3000 > numbers; recur train numbers --tokens word --max-tokens 600 --threads 1 -o w 2>&1 | grep "^chose"; eval "$(recur info w | grep -o 'recur train.*') --quiet -o v" > out; cmp w v
chose  --hidden 192 --tied --sampled-softmax 256 --dropout 0.6 --weight-drop 0.4 --ar 2 --batch 8 --steps 35 --lr 0.003 --average ema --epochs 16 --patience 4: suits 540 tokens
$ recur train numbers --tokens word --max-tokens 600 --embed 8 -o w 2>&1 | grep "^chose" | grep -c -- "--tied"
0
[1]
# Of a large vocabulary a part is drawn for each minibatch, not where the draw does not go with what is asked.
$ for o in "--tokens word" "--tokens word --accumulate 2" "--tokens word --init-from w" "--tokens word --task fill" "--tokens bpe --vocab-size 3000"; do recur train numbers $o --time 1 -o x 2>&1 | grep "^chose" | grep -c -- "--sampled-softmax 256"; done
1
0
0
1
0
[1]
# Reading what is held out takes the whole softmax, and much of so short a run: less is held out.
$ seq 40000 > many; recur train many --tokens word --threads 1 --time 6 -o y 2>&1 | grep "^chose" | grep -c -- "--validation 0.0"
1
$ recur train --max-tokens 2900 --hidden 9 -o g 2>&1 | grep -c "^chose"
0
[1]
# A whole epoch takes less time than a measurement; a run of epochs goes on for a time, and says for how long.
$ printf 'to be or not to be%.0s' 1 2 3 4 5 > tiny; some='--batch 2 --steps 9 --hidden 8'; recur train tiny --time 1 $some -o h 2>&1 | grep -c "inf tokens"; recur train tiny --epochs 2 $some --checkpoint-every 1 --quiet -o i > out; recur train --resume i.checkpoint.safetensors --time 1 --quiet -o i > out; recur info i | grep -o -- "--epochs\|--updates"
0
--updates
