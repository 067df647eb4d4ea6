# The text of char-rnn, under its own name.
# needs: test -f "$RECUR_DATA/tinyshakespeare.txt" && recur --version | grep -q libcurl.*libmd

$ recur fetch tinyshakespeare | xargs basename
tinyshakespeare.txt
$ recur fetch tinyshakspeare
! recur fetch: unknown dataset "tinyshakspeare"; did you mean tinyshakespeare?
[2]
$ mkdir mirror; cp "$RECUR_DATA/tinyshakespeare.txt" mirror; RECUR_DATA=data RECUR_MIRROR=file://$PWD/mirror recur vocab --json tinyshakespeare | cut -c 1-54
{"lines": 40000, "tokens": 1115394, "size": 66, "reser
! recur vocab: downloading tinyshakespeare
$ cmp data/tinyshakespeare.txt mirror/tinyshakespeare.txt
$ recur train --hidden 2 --max-tokens 5000 --epochs 1 tinyshakespeare 2>&1 | grep '^text'
text   tinyshakespeare: 5000 tokens (char), 66 in the vocabulary, 500 held out
