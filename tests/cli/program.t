# The program itself: no command, unknown ones, help.

$ recur | wc -c
0
! usage: recur COMMAND [OPTIONS] ...
! 
! Trains and runs recurrent neural networks: RNN, GRU, LSTM.
! 
!   train      train a model on a text
!   tune       search for the settings that suit a text
!   generate   continue a text with a model
!   fill       fill the blanks of a text
!   features   write a layer's outputs for each token of a text
!   predict    label words or texts with a model that was trained to
!   eval       measure how well a model predicts a text
!   vocab      show how a text becomes tokens, a dictionary, ids
!   tokenize   turn texts into a store of ids, for corpora larger than memory
!   explain    show in numbers how a network learns a text
!   plot       draw the curves of one or several runs
!   info       show what a model file or a store holds
!   convert    convert models from and to PyTorch and ONNX, or quantise them
!   fetch      download a dataset
!   serve      answer requests over HTTP with models
!   bench      measure training and generation speed
!   completion print what lets a shell complete command lines
! 
! recur COMMAND --help describes a command and its options.
! recur --version prints the version.
! 
! A first run, on the story that is built in:
!   recur train
!   recur generate -p "The "
$ recur 2>&1 | head -1
usage: recur COMMAND [OPTIONS] ...
$ recur --version | sed -n '1s/[0-9][0-9.]*/VERSION/p'
recur VERSION
$ recur --help
usage: recur COMMAND [OPTIONS] ...
Trains and runs recurrent neural networks: RNN, GRU, LSTM.
  train      train a model on a text
  tune       search for the settings that suit a text
  generate   continue a text with a model
  fill       fill the blanks of a text
  features   write a layer's outputs for each token of a text
  predict    label words or texts with a model that was trained to
  eval       measure how well a model predicts a text
  vocab      show how a text becomes tokens, a dictionary, ids
  tokenize   turn texts into a store of ids, for corpora larger than memory
  explain    show in numbers how a network learns a text
  plot       draw the curves of one or several runs
  info       show what a model file or a store holds
  convert    convert models from and to PyTorch and ONNX, or quantise them
  fetch      download a dataset
  serve      answer requests over HTTP with models
  bench      measure training and generation speed
  completion print what lets a shell complete command lines
recur COMMAND --help describes a command and its options.
recur --version prints the version.
A first run, on the story that is built in:
  recur train
  recur generate -p "The "
$ recur help train | head -1
usage: recur train [OPTIONS] [TEXT ...]
$ recur generate -h | head -1
usage: recur generate [OPTIONS]
$ recur trian
! recur: unknown command "trian"; did you mean train?
[2]
$ recur frobnicate
! recur: unknown command "frobnicate"; recur --help lists them
[2]
$ recur --frobnicate
! recur: unknown option --frobnicate; recur --help says more
[2]
$ recur help trian
! recur: unknown command "trian"; did you mean train?
[2]
$ recur help > /dev/full
! recur: cannot write standard output: No space left on device
[1]

# Every command says what it does.
$ for c in train generate eval vocab info convert fetch bench; do recur $c --help | head -1; done
usage: recur train [OPTIONS] [TEXT ...]
usage: recur generate [OPTIONS]
usage: recur eval [OPTIONS] TEXT
usage: recur vocab [OPTIONS] TEXT
usage: recur info [OPTIONS] [MODEL|STORE]
usage: recur convert [OPTIONS] IN OUT
usage: recur fetch [OPTIONS] [NAME]
usage: recur bench [OPTIONS]
$ for c in train generate eval vocab info convert fetch bench; do recur $c --nonsense; done
! recur train: unknown option --nonsense; recur train --help lists them
! recur generate: unknown option --nonsense; recur generate --help lists them
! recur eval: unknown option --nonsense; recur eval --help lists them
! recur vocab: unknown option --nonsense; recur vocab --help lists them
! recur info: unknown option --nonsense; recur info --help lists them
! recur convert: unknown option --nonsense; recur convert --help lists them
! recur fetch: unknown option --nonsense; recur fetch --help lists them
! recur bench: unknown option --nonsense; recur bench --help lists them
[2]
