# recur generate -i: one text after the other, with one state.

$ recur train --quiet --hidden 24 --epochs 4 --threads 1 -o m > out; printf 'The book\n\nThe ferry\n/reset\nThe book' | recur generate -i -m m -n 20 --temp 0 > lines; wc -l < lines; sed -n 1p lines | cmp - <(recur generate -m m -p 'The book' -n 20 --temp 0); sed -n '1p;$p' lines | uniq | wc -l
4
1
# An empty line goes on: two times 20 tokens are the 40 of a single continuation.
$ printf 'The book\n\n' | recur generate -i -m m -n 20 --temp 0.8 -s 3 | tr -d '\n' | cmp - <(recur generate -m m -p 'The book' -n 40 --temp 0.8 -s 3 | tr -d '\n')
# The state is kept: what a text becomes depends on the texts before it.
$ printf 'The book\n' | recur generate -i -m m -n 0; printf '\n' | recur generate -i -m m -p 'The b' -n 5 --temp 0 --no-display-prompt | tr -d '\n' | cmp - <(recur generate -m m -p 'The b' -n 10 --temp 0 --no-display-prompt | tr -d '\n')
The book
$ printf 'é\r\n' | recur generate -i -m m -n 0 --no-display-prompt
! recur generate: warning: the model's vocabulary lacks 1 of 1 token of the text, read as <unk>
$ recur generate -i -p -
! recur generate: --interactive reads standard input, which cannot be the prompt or the model too
[2]
# On a terminal: the line editor's keys where there is one, Ctrl-C for what was typed and for what is written, Ctrl-D.
$ TERM=xterm "$CASES/screen" --type '> :abc\x03' --type '> :The book\n' --type '> :\x04' recur generate -i -m m -n 20 --temp 0 | grep -cE '^> (abc|The book)'
2
$ recur --version | grep -q libedit || { echo 'The ferry'; exit; }; TERM=xterm "$CASES/screen" --type '> :he ferx\x7fry\x01T\n' --type '> :\x1b[A\n' --type '> :\x04' recur generate -i -m m -n 20 --temp 0 | sed -n 's/^> \(The.*\)/\1/p' | uniq
The ferry
$ TERM=xterm "$CASES/screen" --size 40x10 --type '> :The book\n' --type '+500:\x03' --type '> :\x04' recur generate -i -m m -n 100000000 --top-k 0 -s 1 > said; tail -1 said | cut -c 1
>
