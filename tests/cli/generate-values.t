# Impossible values of every option of recur generate.

$ recur generate
! recur generate: cannot read model.safetensors: No such file or directory; recur train makes one
[1]
$ recur generate -m missing
! recur generate: cannot read missing: No such file or directory
[1]
$ recur generate -m .
! recur generate: cannot read .: it is a directory
[1]
$ recur generate -m ''
! recur generate: --model must be a file's name, got ""
[2]
$ recur generate -m
! recur generate: --model needs a value: --model MODEL
[2]
$ recur generate text
! recur generate: unexpected argument "text"; did you mean --prompt "text"?
[2]
$ recur generate -p time traveller
! recur generate: unexpected argument "traveller"; usage: recur generate [OPTIONS]
[2]
$ recur generate -m - -p -
! recur generate: the model and the prompt cannot both be standard input
[2]
$ recur generate -n -1
! recur generate: --count must be a whole number of at least 0, got "-1"
[2]
$ recur generate -n ten
! recur generate: --count must be a whole number of at least 0, got "ten"
[2]
$ recur generate --threads 0
! recur generate: --threads must be a whole number from 1 to 1024, got "0"
[2]
$ recur generate --temp -1
! recur generate: --temp must be a number from 0 to 1000, got "-1"
[2]
$ recur generate --temp hot
! recur generate: --temp must be a number from 0 to 1000, got "hot"
[2]
$ recur generate --top-k -1
! recur generate: --top-k must be a whole number of at least 0, got "-1"
[2]
$ recur generate --top-p 0
! recur generate: --top-p must be a number above 0 and at most 1, got "0"
[2]
$ recur generate --top-p 1.5
! recur generate: --top-p must be a number above 0 and at most 1, got "1.5"
[2]
$ recur generate --min-p -0.1
! recur generate: --min-p must be a number from 0 to 1, got "-0.1"
[2]
$ recur generate --min-p 2
! recur generate: --min-p must be a number from 0 to 1, got "2"
[2]
$ recur generate -s x
! recur generate: --seed must be a whole number of at least 0, got "x"
[2]
$ recur generate --seed -5
! recur generate: --seed must be a whole number of at least 0, got "-5"
[2]
$ recur generate --no-display-prompt=1
! recur generate: --no-display-prompt takes no value, got "1"
[2]
$ recur generate --temperature 1
! recur generate: unknown option --temperature; did you mean --temp?
[2]
