# What recur vocab cannot do.

$ recur vocab
! recur vocab: TEXT is missing; usage: recur vocab [OPTIONS] TEXT
[2]
$ recur vocab a b
! recur vocab: unexpected argument "b"; usage: recur vocab [OPTIONS] TEXT
[2]
$ recur vocab missing
! recur vocab: cannot read missing: No such file or directory
[1]
$ recur vocab .
! recur vocab: cannot read .: it is a directory
[1]
$ recur vocab - < /dev/null
! recur vocab: the text has no tokens (0 bytes were read)
[1]
$ printf '12\n' | recur vocab --clean letters -
! recur vocab: the text has no tokens (3 bytes were read); cleaning by letters keeps nothing but A-Z and a-z, and there are none
[1]
$ echo text > text
$ recur vocab --tokens syllable text
! recur vocab: --tokens must be one of char, word, byte, bpe, got "syllable"
[2]
$ recur vocab --clean everything text
! recur vocab: --clean must be one of none, letters, got "everything"
[2]
$ recur vocab --min-freq many text
! recur vocab: --min-freq must be a whole number of at least 0, got "many"
[2]
$ recur vocab --reserved '' text
! recur vocab: reserved token 1 is empty
[2]
$ recur vocab --reserved 't,t' text
! recur vocab: reserved token 2, "t", is given twice
[2]
$ recur vocab --json --ids text
! recur vocab: --json cannot be combined with --ids or --one-hot
[2]
$ recur vocab --json --one-hot text
! recur vocab: --json cannot be combined with --ids or --one-hot
[2]
$ recur vocab --ids=yes text
! recur vocab: --ids takes no value, got "yes"
[2]
$ recur vocab --id text
! recur vocab: unknown option --id; did you mean --ids?
[2]
$ recur vocab --ids text > /dev/full
! recur: cannot write standard output: No space left on device
[1]
