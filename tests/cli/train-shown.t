# What a run shows: of which model, and what to try next.

# The last line is of the model that is kept, an early one where what there is to learn has no rule.
$ awk 'BEGIN { for (s = 7; i++ < 2000; s = s * 16807 % 2147483647) printf "%c", 97 + s % 26 }' > noise; recur train noise --hidden 64 --epochs 30 --lr 0.02 --threads 1 -o kept --report report > out 2> err; best=$(grep -o '"best_epoch": [0-9]*' report | grep -o '[0-9]*$'); ppl=$(sed -n "s/^perplexity \([0-9.e+]*\), [0-9.]* tokens.sec on cpu (held-out text, epoch $best)$/\1/p" out); [ $best -lt 20 ] && sed -n "s/^\(kept epoch\) $best\(, .* perplexity\) $ppl$/\1 BEST\2 PPL/p; s/since epoch $best;/since epoch BEST;/p" err
kept epoch BEST, the best on the held-out text: perplexity PPL
validation has risen since epoch BEST; try --dropout 0.3
# It is the perplexity of that model on that text.
$ tail -c 200 noise > tail; recur eval -m kept tail | grep -cE "perplexity +$(grep -o '^perplexity [0-9]*' out | cut -d ' ' -f 2)"
1
# Where nothing is held out it is the training perplexity of that epoch; a preset's line is the book's.
$ recur train noise --validation 0 --hidden 8 --epochs 3 --quiet -o kept | head -1 | sed 's/[0-9]*\.[0-9]*/N/g'
perplexity N, N tokens/sec on cpu (training text, epoch 1)
$ for v in 0 0.1; do recur train noise --preset d2l-gru --validation $v --hidden 8 --epochs 3 --batch 8 --quiet -o kept | head -1 | sed -E 's/[0-9]+\.[0-9]\b/N/g'; done
perplexity N, N tokens/sec on cpu
perplexity N, N tokens/sec on cpu
# What is advised is not what the run had.
$ for d in 0.2 0.3 '0.3 --weight-drop 0.1' 0.6 '0.6 --weight-drop 0.1'; do recur train noise --hidden 64 --epochs 60 --lr 0.02 --dropout $d --threads 1 -o kept 2>&1 > out | grep -o 'try .*'; done
try --dropout 0.4
try --weight-drop 0.2
try --dropout 0.5
try --weight-drop 0.2
try a smaller --hidden, or more text
# Nothing is said where nothing is certain: of a run that learns nothing, and of one that was interrupted.
$ recur train noise --hidden 4 --epochs 20 --lr 1e-9 --threads 1 -o kept 2>&1 > out | grep -E 'try|longer|^kept' | cut -c 1-10
kept epoch

# An option that had no effect is named.
$ for a in ema asgd "swa --average-start 99999"; do recur train noise --hidden 8 --epochs 2 --average $a --threads 1 -o kept 2>&1 > out | grep mean; done
no mean of the parameters was made: --average asgd waits until the validation loss stops falling
no mean of the parameters was made: the run ended before --average-start
# A run of one epoch is judged by its minibatches.
$ recur train --hidden 32 --batch 1 --steps 30 --epochs 1 --threads 1 -o kept 2>&1 > out | grep longer
the training loss is still falling at the last epoch; train longer: --epochs 2

# A line for each epoch, of many short ones for some, with the best one so far where the epoch is not it.
$ recur train --hidden 4 --epochs 12 --threads 1 -o m 2>&1 > out | grep -c '^epoch'
12
$ recur train noise --hidden 2 --epochs 300 --batch 8 --threads 1 -o m 2>&1 > out | grep '^epoch' > lines; [ $(wc -l < lines) -ge 61 ] && [ $(wc -l < lines) -le 70 ] && sed -n '1p;2p;3p;$p' lines | cut -c 1-13; grep -c 'validation [0-9.]* (best [0-9.]*, epoch [0-9]*)' lines | sed 's/^[1-9][0-9]*$/some/'
epoch   1/300
epoch   5/300
epoch  10/300
epoch 300/300
some
# Presets show every tenth epoch and nothing between.
$ recur train noise --preset d2l-gru --hidden 4 --epochs 25 --batch 8 -o m 2>&1 > out | grep -A2 '^epoch' | cut -c 1-16
epoch 10/25  per
  time traveller
  travellermmmmm
epoch 20/25  per
  time traveller
  travellermmmmm

# Continuations are drawn, and are the same on any number of threads and whenever a run gets there; a preset's are the
# most probable.
$ for t in 1 2; do recur train --hidden 24 --epochs 6 --predict-every 1 --threads $t -o m 2>&1 > out$t | grep '^  The' > samples$t; done; cmp samples1 samples2; tail -1 out1 > end1; tail -1 out2 | cmp - end1; sort -u samples1 | wc -l
5
$ recur train --hidden 24 --epochs 3 --checkpoint-every 5 -o m > out 2> err; recur train --resume m.checkpoint.safetensors --epochs 6 --predict-every 1 2>&1 > out | grep '^  The' > samples; tail -2 samples1 | cmp - samples; tail -1 out | cmp - end1
$ recur train --hidden 24 --epochs 6 --quiet -o m > out; recur generate -m m -p 'The Book' -n 50 --temp 0 | tr '\n' ' ' | cmp -s - <(tail -1 end1 | tr -d '\n'); echo $?
1
$ recur train noise --preset d2l-gru --hidden 24 --epochs 6 --predict abc -o m 2> err | tail -1 > end; recur generate -m m -p abc -n 50 --temp 0 | cmp - end

# Labels: scores, and their curve.
$ (for i in $(seq 60); do printf 'Ann B-PER\nran O\n\nBob B-PER\nsat O\nin O\nRome B-LOC\n\n'; done) > ner; recur train ner --task tag --hidden 4 --epochs 4 --threads 1 -o m 2>&1 > out | sed -E 's/[0-9]\.[0-9]{4}/N/g; s/[0-9]:[0-9]{2}/M:SS/' | grep -E '^epoch|score|longer'
epoch 1/4  loss N  validation loss N  accuracy N  f1 N  M:SS left
epoch 2/4  loss N  validation loss N  accuracy N  f1 N  M:SS left
epoch 3/4  loss N  validation loss N  accuracy N  f1 N  M:SS left
epoch 4/4  loss N  validation loss N  accuracy N  f1 N
          score on held-out data: accuracy and F1 (dotted)
