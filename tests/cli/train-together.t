# Options that do not go together, or not with this version.

$ recur train --layers 2 --hidden 8,8,8
! recur train: --layers 2 does not go with the 3 widths of --hidden
[2]
$ recur train --activation relu --cell gru
! recur train: --activation needs --cell rnn, got gru
[2]
$ recur train --momentum 0.9 --optimizer adam
! recur train: --momentum needs --optimizer sgd or rmsprop, got adam
[2]
$ recur train --warmup 0.1
! recur train: --warmup needs --schedule cosine, wsd or onecycle, got constant
[2]
$ recur train --lr-floor 0.1 --schedule plateau
! recur train: --lr-floor needs --schedule cosine, wsd or onecycle, got plateau
[2]
$ recur train --lr-patience 3 --schedule cosine
! recur train: --lr-patience needs --schedule plateau, got cosine
[2]
$ recur train --decay 0.3 --schedule onecycle
! recur train: --decay needs --schedule wsd, got onecycle
[2]
$ recur train --epochs 3 --updates 100
! recur train: --epochs does not go with --updates: both say how long the run is
[2]
$ recur train --lr-factor 0.3
! recur train: --lr-factor needs --schedule plateau, got constant
[2]
$ recur train --average-decay 0.9 --average swa
! recur train: --average-decay needs --average ema, got swa
[2]
$ recur train --schedule wsd --warmup 0.6 --decay 0.6
! recur train: --warmup 0.6 and --decay 0.6 together are more than the run
[2]
$ recur train --average-start 0.5
! recur train: --average-start needs --average swa, got none
[2]
$ recur train --task tag --sampled-softmax 5
! recur train: --sampled-softmax needs --task lm or fill, got tag
[2]
$ recur train --sampled-softmax 26 -o m
! recur train: a softmax over 26 sampled tokens needs a vocabulary of at least twice as many; the model's has 51
[2]
$ recur train --tied --hidden 8 --embed 9 -o m
! recur train: a head that is tied to the embedding needs one as wide as the top layer, 8, got 9
[2]
$ recur train --dropout-kind locked
! recur train: --dropout-kind needs --dropout or --input-dropout
[2]
$ recur train --input-dropout 0.5
! recur train: input dropout drops numbers of embeddings, and this model has none
[2]
$ recur train --input-dropout 1
! recur train: --input-dropout must be a number of at least 0 and below 1, got "1"
[2]
$ recur train --bidirectional
! recur train: --bidirectional needs --task fill, tag or classify: a language model that reads from the end too would see the tokens it is to predict
[2]
$ recur train --task fill --merge sum
! recur train: --merge needs --bidirectional
[2]
$ recur train --blanks 0.2
! recur train: --blanks needs --task fill, got lm
[2]
$ recur train --task fill --predict a
! recur train: --predict needs --task lm, got fill
[2]
$ recur train --task fill --predict-every 2
! recur train: --predict-every needs --task lm, got fill
[2]
$ recur train --task fill --blanks 1
! recur train: --blanks must be a number of at least 0 and below 1, got "1"
[2]
$ recur train --device cuda 2>&1 | sed 's/no GPU can be used, .*/no GPU/; s/this build has no kernels .*/no GPU/'; exit ${PIPESTATUS[0]}
recur train: no GPU
[1]
$ recur train -o a --log a
! recur train: --output and --log are one file, a
[2]
$ ls
