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
