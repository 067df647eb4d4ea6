# Event files for TensorBoard: records with their checksums, an event for each epoch, whose numbers are those of the log.

$ recur train --quiet --hidden 4 --epochs 2 --threads 1 -o m --log log --tensorboard board > out; python3 "$CASES/events.py" log board
brain.Event:2
1 loss/training loss/validation perplexity/training perplexity/validation run/gradient_norm run/learning_rate run/tokens_per_second
2 loss/training loss/validation perplexity/training perplexity/validation run/gradient_norm run/learning_rate run/tokens_per_second
$ (for i in $(seq 60); do printf 'Ann B-PER\nran O\n\nBob B-PER\nsat O\nin O\nRome B-LOC\n\n'; done) > ner; recur train ner --task tag --quiet --hidden 4 --epochs 1 --threads 1 -o m --log log --tensorboard tags > out; python3 "$CASES/events.py" log tags
brain.Event:2
1 loss/training loss/validation run/gradient_norm run/learning_rate run/tokens_per_second validation/accuracy validation/f1
$ : > file; recur train --quiet --hidden 4 --epochs 1 -o m --tensorboard file
! recur train: --tensorboard: cannot write to the folder file: Not a directory
[1]
# A checkpoint does not decide that a folder is written; a resumed run has all its epochs when the folder is given again.
$ recur train --quiet --hidden 4 --epochs 2 --threads 1 -o m --tensorboard first --checkpoint-every 100 > out; rm -r first; recur train --quiet --resume m.checkpoint.safetensors --epochs 3 --log log --tensorboard again > out; ls; python3 "$CASES/events.py" log again | cut -c 1-15
again
board
file
log
m
m.checkpoint.safetensors
ner
out
tags
brain.Event:2
1 loss/training
2 loss/training
3 loss/training
