# Measuring a model on a text.

$ recur train --quiet --hidden 16 --epochs 3 > out; printf 'the ferry on the river' > text
$ recur eval text | sed -E 's/[0-9]+\.[0-9]{4}/N/'
tokens              21
loss                N nats per token
perplexity          N
bits per character  N
$ recur eval text --json | sed -E 's/: [0-9]+\.[0-9]+/: N/g'
{"tokens": 21, "loss": N, "perplexity": N, "bits_per_character": N}
$ recur eval - < text > a; recur eval text > b; cmp a b
$ recur eval -m - text < model.safetensors > a; cmp a b
$ for t in 1 2 3; do recur eval --threads $t text --json; done | uniq | wc -l
1
$ printf 'the Ж river' | recur eval - | head -1
tokens              10
! recur eval: warning: the model's vocabulary lacks 1 of 11 tokens of standard input, read as <unk>
$ printf 'the \xff river' | recur eval - | head -1
tokens              10
! recur eval: warning: standard input: 1 byte sequence is not UTF-8 and was read as U+FFFD; if it is in another encoding, name that with --encoding
! recur eval: warning: the model's vocabulary lacks 1 of 11 tokens of standard input, read as <unk>

$ recur eval
! recur eval: TEXT is missing; usage: recur eval [OPTIONS] TEXT
[2]
$ recur eval a b
! recur eval: unexpected argument "b"; usage: recur eval [OPTIONS] TEXT
[2]
$ recur eval missing
! recur eval: cannot read missing: No such file or directory
[1]
$ recur eval .
! recur eval: cannot read .: it is a directory
[1]
$ recur eval -m missing text
! recur eval: cannot read missing: No such file or directory
[1]
$ recur eval -m text text
! recur eval: text: not a safetensors file but a text: recur train makes a model of it
[1]
$ recur eval -m '' text
! recur eval: --model must be a file's name, got ""
[2]
$ recur eval -m - -
! recur eval: the model and the text cannot both be standard input
[2]
$ recur eval - < /dev/null
! recur eval: standard input has no tokens (0 bytes were read)
[1]
$ printf a | recur eval -
! recur eval: the text has 1 token, but evaluation needs at least 2
[1]
$ recur eval --threads 0 text
! recur eval: --threads must be a whole number from 1 to 1024, got "0"
[2]
$ recur eval --json=1 text
! recur eval: --json takes no value, got "1"
[2]
$ recur eval --verbose text
! recur eval: unknown option --verbose; recur eval --help lists them
[2]
