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
! recur train: --warmup needs --schedule cosine, got constant
[2]
$ recur train --lr-floor 0.1 --schedule plateau
! recur train: --lr-floor needs --schedule cosine, got plateau
[2]
$ recur train --patience 3 --schedule cosine
! recur train: --patience needs --schedule plateau, got cosine
[2]
$ recur train --lr-factor 0.3
! recur train: --lr-factor needs --schedule plateau, got constant
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
$ recur train --device cuda
! recur train: --device cuda: this build has no CUDA, only the cpu
[2]
$ recur train -o a --log a
! recur train: --output and --log are one file, a
[2]
$ ls
