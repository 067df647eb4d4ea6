# How a run can end early.

# Ctrl-C, or a polite kill: the model is saved, the results are printed, and that is a success.
# Epochs pass quickly, so their number is left out.
$ recur train --quiet --hidden 8 --epochs 1000000 -o int --log log --predict Mara > out 2> err & until [ -s log ]; do sleep 0.01; done; kill -INT $!; wait $!; echo "status $?"; wc -l < out; recur info int | head -1; sed 's/epoch [0-9]*/epoch N/g' err
status 0
2
int: lstm 8, one-hot input, 2411 parameters
recur train: interrupted in epoch N; the model of epoch N, the best on the held-out text, is in int
$ recur train --quiet --hidden 8 --epochs 1000000 -o term --log log2 --report report > out 2> err & until [ -s log2 ]; do sleep 0.01; done; kill -TERM $!; wait $!; echo "status $?"; wc -l < out; grep -c predictions report; sed 's/epoch [0-9]*/epoch N/g' err
status 0
2
1
recur train: interrupted in epoch N; the model of epoch N, the best on the held-out text, is in term

# The terminal goes away: as Ctrl-C; under nohup the run goes on, until Ctrl-C ends it.
$ recur train --quiet --hidden 8 --epochs 1000000 -o hup --log log3 > out 2> err & until [ -s log3 ]; do sleep 0.01; done; kill -HUP $!; wait $!; echo "status $?"; wc -l < out; sed 's/epoch [0-9]*/epoch N/g' err
status 0
2
recur train: interrupted in epoch N; the model of epoch N, the best on the held-out text, is in hup
$ nohup recur train --quiet --hidden 8 --epochs 1000000 -o nohup --log log4 > out 2> err & until [ -s log4 ]; do sleep 0.01; done; kill -HUP $!; n=$(wc -l < log4); until [ $(wc -l < log4) -gt $((n + 1)) ]; do sleep 0.01; done; kill -TERM $!; wait $!; echo "status $?"
status 0

# A loss that is no longer finite, or so large that its perplexity is not: nothing is saved where no
# epoch was finished, the old file stays.
$ echo old > model; recur train --quiet --cell rnn --activation relu --optimizer sgd --lr 1e38 --clip 0 --hidden 8 -o model; cat model
old
! recur train: the perplexity is no longer finite at minibatch 2 of 13 of epoch 1; try a smaller learning rate than 1e+38 or gradient clipping; no model was saved
$ recur train --quiet --lr 1e30 --hidden 8 -o model; cat model
old
! recur train: the perplexity is no longer finite at minibatch 2 of 13 of epoch 1; try a smaller learning rate than 1e+30; no model was saved
$ recur train --quiet --lr 1e30 --hidden 8 --batch 200 --steps 70 -o model; cat model
old
! recur train: the perplexity is no longer finite at minibatch 1 of 1 of epoch 1; try a smaller learning rate than 1e+30; no model was saved
$ recur train --quiet --cell rnn --activation relu --optimizer sgd --lr 1e3 --clip 0 --hidden 8 --validation 0 --batch 200 --steps 70 --predict Mara -o model; recur info model | grep history
history: 1 epoch
! recur train: the perplexity is no longer finite at minibatch 1 of 1 of epoch 2; try a smaller learning rate than 1000 or gradient clipping; the model as it was after the best epoch is in model
