# What a run prints and writes.

$ recur train --quiet --hidden 8 --epochs 2 --predict 'The river' --predict 'Mara' --log log --report report > out
$ ls
log
model.safetensors
out
report
$ sed -E 's/[0-9]+\.[0-9]+/N/g' out | head -1
perplexity N, N tokens/sec on cpu (held-out text, epoch 2)
$ tail -n +2 out | cut -c 1-4
The 
Mara
$ tail -n +2 out | grep -o . | wc -l
113

# One JSON object an epoch; the report repeats the last with more.
$ wc -l < log
2
$ sed -E 's/: [-+0-9.e]+/: N/g' log
{"epoch": N, "loss": N, "perplexity": N, "valid_loss": N, "valid_perplexity": N, "tokens_per_second": N, "gradient_norm": N, "lr": N, "seconds": N, "options": ["--hidden=8", "--epochs=2"]}
{"epoch": N, "loss": N, "perplexity": N, "valid_loss": N, "valid_perplexity": N, "tokens_per_second": N, "gradient_norm": N, "lr": N, "seconds": N}
$ sed -E 's/: [-+0-9.e]+/: N/g; s/"isa": "[a-z0-9]*"/"isa": "ISA"/; s/"predictions": .*/"predictions": .../' report
{"epoch": N, "loss": N, "perplexity": N, "valid_loss": N, "valid_perplexity": N, "tokens_per_second": N, "gradient_norm": N, "lr": N, "seconds": N, "parameters": N, "tokens": N, "epochs": N, "best_epoch": N, "threads": N, "device": "cpu", "compute_precision": "f32", "isa": "ISA", "peak_rss_bytes": N, "predictions": ...
$ grep -o '"epochs": [0-9]*' report; grep -o '"parameters": [0-9]*' report; grep -o '"predictions": \["The river' report
"epochs": 2
"parameters": 2411
"predictions": ["The river

# Progress, samples, the curve and what to try next go to standard error.
$ recur train --hidden 8 --epochs 3 --predict-every 2 --predict Mara 2>&1 >out | tr -cd '\n -~' | sed -E 's/[0-9]+\.?[0-9]*/N/g; s/Mara[^"].*/Mara.../; s/, N threads?, .*/, THREADS, ISA/; /^ *N? *$/d'
text   built-in story: N tokens (char), N in the vocabulary, N held out
model  lstm N, one-hot input, N parameters
run    N epochs, adam, THREADS, ISA
epoch N/N  perplexity N  validation N  N:N left
epoch N/N  perplexity N  validation N  N:N left
  Mara...
epoch N/N  perplexity N  validation N
kept epoch N, the best on the held-out text: perplexity N
validation is still falling at the last epoch; train longer: --epochs N
          perplexity: training and validation (dotted)
           N                                                    kept N  epoch N
The model is in model.safetensors. Next:
  recur generate -m model.safetensors -p "Mara"
  recur info model.safetensors
  recur eval -m model.safetensors TEXT
  recur train --help
$ recur train --hidden 8 --epochs 3 --quiet 2>&1 >out

# The same bits on any number of threads; another seed, another model.
$ for t in 1 2 3; do recur train --quiet --hidden 24 --epochs 2 --threads $t -o m > /dev/null; tail -c 34668 m > m$t; done; cmp m1 m2; cmp m1 m3
$ recur train --quiet --hidden 24 --epochs 2 --seed 2 -o m > /dev/null; tail -c 34668 m | cmp -s - m1
[1]

# Words, several layers, an embedding, every cell and optimizer.
$ recur train --quiet --tokens word --embed 8 --hidden 12,8 --dropout 0.2 --epochs 1 --batch 4 --steps 8 --predict 'Mara kept' | tail -1 | wc -w
37
$ for c in rnn gru gru-reset-before lstm ln-lstm ln-gru; do recur train --quiet --cell $c --hidden 6 --layers 2 --epochs 1 -o $c > out; recur info $c | head -1; done
rnn: rnn tanh 6,6, one-hot input, 795 parameters
gru: gru 6,6, one-hot input, 1671 parameters
gru-reset-before: gru-reset-before 6,6, one-hot input, 1671 parameters
lstm: lstm 6,6, one-hot input, 2109 parameters
ln-lstm: ln-lstm 6,6, one-hot input, 2229 parameters
ln-gru: ln-gru 6,6, one-hot input, 1743 parameters
$ for a in tanh relu sigmoid; do recur train --quiet --cell rnn --activation $a --hidden 6 --epochs 1 -o m > out; recur info m | head -1; done
m: rnn tanh 6, one-hot input, 711 parameters
m: rnn relu 6, one-hot input, 711 parameters
m: rnn sigmoid 6, one-hot input, 711 parameters
$ for o in sgd adam adamw rmsprop; do recur train --quiet --optimizer $o --hidden 6 --epochs 1 -o m || echo $o; done | wc -l
8
$ for s in constant cosine plateau wsd onecycle; do recur train --quiet --schedule $s --hidden 6 --epochs 2 -o m || echo $s; done | wc -l
10
$ recur train --quiet --init normal --biases 1 --sampling random --hidden 6 --epochs 1 -o m > out; recur info m | grep "^[rl].*bias"
rnn.bias_ih_l0               (24)                     24
linear.bias                  (51)                     51

# --patience ends a run whose validation no longer improves.
$ recur train --hidden 8 --lr 1e-30 --epochs 9 --patience 2 -o m 2>&1 | grep -o "^kept epoch 1\|ended.*"
kept epoch 1
ended after epoch 3, --patience 2
$ recur train --quiet --hidden 8 --updates 20 --schedule wsd --log l -o m | grep -c perplexity; tail -1 l | grep -o '"epoch": [0-9]*'; recur info m | grep -o "recur train.*"
1
"epoch": 2
recur train --hidden 8 --schedule wsd --updates 20

# The first words of the text are continued where no --predict is given.
$ recur train --quiet --hidden 6 --epochs 1 -o m | tail -1 | cut -c 1-8
The Book
$ recur train --quiet --hidden 6 --epochs 1 -o m --tokens word --batch 4 --steps 8 | tail -1 | cut -d ' ' -f 1-2
The Book

# Standard input that nobody asked for is said not to be read: a pipe, or a file that is not at its end.
$ S='--quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --threads 1 -o piped'; echo a text | recur train $S | wc -l; echo a text > unread; recur train $S < unread | wc -l; (read line; recur train $S) < unread | wc -l; recur train $S < /dev/null | wc -l; recur train $S <&- | wc -l
2
2
2
2
2
! recur train: warning: the run learns the built-in story and not standard input, which is a pipe or a file: recur train - reads that
! recur train: warning: the run learns the built-in story and not standard input, which is a pipe or a file: recur train - reads that
$ yes 'so many words' | head -50 | recur train --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 - > out

# A text that is given twice, under whatever name, leaks into what is held out.
$ yes 'so many words' | head -50 > twice; ln -s twice again; for V in 0.1 0; do recur train --quiet --hidden 2 --batch 2 --steps 3 --epochs 1 --validation $V twice ./again -o m | wc -l; done
2
2
! recur train: warning: the text ./again is given twice: what is held out of it is also learnt, and says nothing about other texts
! recur train: warning: the text ./again is given twice

# Two runs at once with one checkpoint or one log: the second is refused, and nothing is left of the lock.
$ recur train --quiet --hidden 8 --epochs 1000000 --checkpoint-every 20 -o run.safetensors --log run.log > out 2> err & until [ -s run.log ]; do sleep 0.01; done; for o in '--checkpoint-every 9 -o run.safetensors' '--log run.log -o other' '--resume run.checkpoint.safetensors'; do recur train --quiet --epochs 1000000 $o; done; kill -INT $!; wait $!; ls run.* other 2>/dev/null; recur train --quiet --hidden 8 --epochs 1 --checkpoint-every 20 -o run.safetensors --log run.log | wc -l
run.checkpoint.safetensors
run.log
run.safetensors
2
! recur train: another run writes its checkpoints to run.checkpoint.safetensors: wait for its end, or give this one another --output
! recur train: --log: another run writes run.log: give this one another
! recur train: warning: the run began with --log run.log; a checkpoint does not decide what is written: give --log again to have it
! recur train: another run writes its checkpoints to run.checkpoint.safetensors: wait for its end, or give this one another --output
$ recur train --quiet --hidden 8 --epochs 1000000 --checkpoint-every 20 -o two.safetensors > out 2> err & until [ -s two.checkpoint.safetensors ]; do sleep 0.01; done; until grep another err; do cp two.checkpoint.safetensors x; mv x two.checkpoint.safetensors; sleep 0.05; done; kill -INT $!; wait $!; grep -c another err
recur train: warning: another run writes its checkpoints to two.checkpoint.safetensors too, so that each loses the other's: end one of them and give it another --output
1
