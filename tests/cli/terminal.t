# What a terminal is sent: escape sequences to one that obeys them, colours unless somebody does not
# want any.
# needs: command -v script

$ runs() { env "$@" script -qec 'recur train --hidden 4 --epochs 60 --threads 1 -o m' /dev/null </dev/null >seen; grep -c $'\033\[K' seen | sed 's/[1-9][0-9]*/redrawn/'; grep -c $'\033\[3' seen | sed 's/[1-9][0-9]*/coloured/'; }; runs TERM=xterm; runs TERM=dumb; runs -u TERM; runs TERM=; runs TERM=xterm NO_COLOR=1; runs TERM=xterm NO_COLOR=
redrawn
coloured
0
0
0
0
0
0
redrawn
0
redrawn
coloured

# The live lines of training: the curve and, below it, how far the run is, in windows of any size. Nothing of them stays,
# and lines that stay are cut to the window.
$ seen() { env TERM=xterm "$CASES/screen" "$@" recur train --hidden 64 --epochs 20 --threads 1 -o m > seen; grep -q 'longer than the window' seen && echo garbled; true; }; declare -f seen > seen.sh; seen --look --size 100x24; grep -c '┤' seen; grep -cE '^ +└─+' seen; tail -1 seen | grep -cE '^(epoch )?[0-9]+/20  (minibatch )?[0-9]+/[0-9]+  loss [0-9.]+  perplexity [0-9.]+  .*[0-9](/s| tokens/s)  [0-9:]+ left$'
3
1
1
$ . ./seen.sh; seen; grep -cE '┤|minibatch' seen; grep -cE '^epoch .*perplexity .*validation' seen
3
20
$ . ./seen.sh; seen --look --size 20x24; grep -c '┤' seen; tail -1 seen | sed 's/[0-9.:]\+/N/g'
0
N/N  N left
$ . ./seen.sh; seen --size 20x24; sed 's/[0-9.]\+/N/g' seen | grep '^N/N' | sort | uniq -c | sed 's/^ *//'
20 N/N  ppl N
$ . ./seen.sh; seen --look --size 100x10; grep -c '┤' seen; COLUMNS=40 seen --look --size 100x30; grep -c '┤' seen; sed '1,/perplexity$/d' seen | wc -L
0
3
39
$ . ./seen.sh; seen --size 90x24 --resize 0.2:40x20 --resize 0.5:20x10 --resize 0.7:120x40 --resize 0.9:12x2 --resize 1:60x30 > said; grep -v '/s' seen | grep -oE '^(epoch +)?[0-9]+/20( |$)' | grep -o '[0-9]*/' | sort -u | wc -l
20
# Colours and characters are those that the terminal shows.
$ . ./seen.sh; LC_ALL=C seen --look; LC_ALL=C grep -c '[^ -~]' seen; grep -cE '^ +\+-+' seen
0
1
$ LC_ALL=C recur train --hidden 4 --epochs 5 --threads 1 -o m 2>&1 >out | tee said | LC_ALL=C grep -c '[^ -~]'; grep -c '(o)' said
0
1

# Whatever takes more than a second shows how far it is, and takes that away at the end.
$ recur train --quiet --hidden 8 --epochs 1 --threads 1 -o m > out; env TERM=xterm "$CASES/screen" --look sh -c '(sleep 2; echo hello hello) | recur eval -m m -' | sed 's/0:0[0-9]/M:SS/'; env TERM=xterm "$CASES/screen" sh -c '(sleep 2; echo hello hello) | recur eval -m m - > out'
reading  standard input  M:SS
$ recur train --quiet --hidden 8 --epochs 1 --threads 1 --task fill -o m > out; env TERM=xterm "$CASES/screen" --look sh -c '(for i in 1 2 3 4 5; do sleep 0.5; echo a _b_ c; done) | recur fill -m m - > out' | sed 's/[0-9][0-9.:]*/N/g'
filling  N texts  N texts/s  N
