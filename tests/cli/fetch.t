# Datasets; a folder plays the server.
# needs: test -f "$RECUR_DATA/timemachine.txt" && recur --version | grep -q libcurl.*libmd

$ recur fetch
time_machine     The Time Machine by H. G. Wells, 1895, the D2L book's text
tinyshakespeare  40 000 lines of Shakespeare's plays, char-rnn's text
$ recur fetch nosuch
! recur fetch: unknown dataset "nosuch"; recur fetch lists them
[2]
$ recur fetch time_machne
! recur fetch: unknown dataset "time_machne"; did you mean time_machine?
[2]
$ recur fetch a b
! recur fetch: unexpected argument "b"; usage: recur fetch [OPTIONS] [NAME]
[2]
$ recur fetch --timeout 0 time_machine
! recur fetch: --timeout must be a whole number from 1 to 86400, got "0"
[2]
$ recur fetch --all
! recur fetch: unknown option --all; recur fetch --help lists them
[2]
$ recur fetch time_machine | xargs basename
timemachine.txt

$ mkdir mirror; cp "$RECUR_DATA/timemachine.txt" mirror
$ RECUR_MIRROR=file://$PWD/mirror RECUR_DATA=data recur fetch time_machine
data/timemachine.txt
! recur fetch: downloading time_machine
$ cmp mirror/timemachine.txt data/timemachine.txt; ls data; stat -c %A data/timemachine.txt
timemachine.txt
-rw-r--r--
$ RECUR_DATA= RECUR_MIRROR=file://$PWD/mirror XDG_CACHE_HOME=$PWD/cache recur fetch time_machine > out; ls cache/recur
timemachine.txt
! recur fetch: downloading time_machine
$ RECUR_DATA= RECUR_MIRROR=file://$PWD/mirror HOME=$PWD recur fetch time_machine > out; ls .cache/recur
timemachine.txt
! recur fetch: downloading time_machine
$ RECUR_DATA= HOME= recur fetch time_machine
! recur fetch: there is no folder for datasets: set RECUR_DATA to one
[1]

# Trains on what was fetched; fetches what is absent.
$ RECUR_DATA=new RECUR_MIRROR=file://$PWD/mirror recur train --preset d2l-gru --hidden 4 --epochs 1 --quiet | wc -l; ls new
3
timemachine.txt
! recur train: downloading time_machine

# What cannot be had, or is something else.
$ RECUR_DATA=none RECUR_MIRROR=file:///nosuch recur fetch time_machine 2>&1 | sed 's/: [^:]*; put/: WHY; put/'; ls none
recur fetch: downloading time_machine
recur fetch: cannot download time_machine from file:///nosuch/timemachine.txt: WHY; put the file at none/timemachine.txt or set RECUR_DATA to the folder that holds it
! ls: cannot access 'none': No such file or directory
[2]
$ RECUR_DATA=none RECUR_MIRROR=file:///nosuch recur train --preset d2l-gru > out 2> err; echo $?; grep -c 'put the file at none/timemachine.txt' err
1
1
$ RECUR_DATA=none RECUR_MIRROR=file:///nosuch recur train time_machine > out 2> err; echo $?; grep -c 'put the file at none/timemachine.txt' err
1
1
$ echo other > mirror/timemachine.txt; RECUR_DATA=none RECUR_MIRROR=file://$PWD/mirror recur fetch time_machine 2>&1 | sed "s:$PWD:PWD:"; ls none
recur fetch: downloading time_machine
recur fetch: what file://PWD/mirror/timemachine.txt holds is not time_machine: it has 6 bytes, expected 178979
! ls: cannot access 'none': No such file or directory
[2]
$ cp mirror/timemachine.txt data; RECUR_DATA=data recur train --preset d2l-gru
! recur train: data/timemachine.txt is not time_machine: it has 6 bytes, expected 178979; recur fetch time_machine replaces it
[1]
$ tr e E < "$RECUR_DATA/timemachine.txt" > mirror/timemachine.txt; RECUR_DATA=none RECUR_MIRROR=file://$PWD/mirror recur fetch time_machine 2>&1 | sed "s:$PWD:PWD:"; ls none
recur fetch: downloading time_machine
recur fetch: what file://PWD/mirror/timemachine.txt holds is not time_machine: its SHA-1 is 57083449cdfde5ff3b90976507fdbad03f8cc19a, expected 090b5e7e70c295757f55df93cb0a180b9691891a
! ls: cannot access 'none': No such file or directory
[2]
$ cp mirror/timemachine.txt data; RECUR_DATA=data recur train --preset d2l-gru
! recur train: data/timemachine.txt is not time_machine: its SHA-1 is 57083449cdfde5ff3b90976507fdbad03f8cc19a, expected 090b5e7e70c295757f55df93cb0a180b9691891a; recur fetch time_machine replaces it
[1]
$ RECUR_DATA=mirror/timemachine.txt recur fetch time_machine
! recur fetch: cannot write mirror/timemachine.txt/timemachine.txt: Not a directory; set RECUR_DATA to another folder
[1]
$ RECUR_DATA=a/b/c RECUR_MIRROR=file:///nosuch recur fetch time_machine > out 2>&1; echo $?; mkdir -p p/q; RECUR_DATA=p/q/r RECUR_MIRROR=file:///nosuch recur fetch time_machine > out 2>&1; ls -d a p/q p/q/r
1
p/q
! ls: cannot access 'a': No such file or directory
! ls: cannot access 'p/q/r': No such file or directory
[2]
$ mkdir -p dir/timemachine.txt; RECUR_DATA=dir recur fetch time_machine
! recur fetch: dir/timemachine.txt is a folder, where the file of time_machine is to be; remove it or set RECUR_DATA to another folder
[1]
$ mkdir pipe; mkfifo pipe/timemachine.txt; RECUR_DATA=pipe recur fetch time_machine
! recur fetch: pipe/timemachine.txt is no file, where the file of time_machine is to be; remove it or set RECUR_DATA to another folder
[1]
$ RECUR_DATA=dir recur train --preset d2l-gru
! recur train: dir/timemachine.txt is a folder, where the file of time_machine is to be; remove it or set RECUR_DATA to another folder
[1]
$ RECUR_DATA=dir recur vocab time_machine
! recur vocab: dir/timemachine.txt is a folder, where the file of time_machine is to be; remove it or set RECUR_DATA to another folder
[1]
$ RECUR_DATA=$(printf '%05000d' 0) recur vocab time_machine
! recur vocab: the folder for datasets, RECUR_DATA, has 921 bytes too many in its name
[1]
$ RECUR_DATA= XDG_CACHE_HOME=$(printf '%05000d' 0) recur vocab time_machine
! recur vocab: the folder for datasets, XDG_CACHE_HOME, has 927 bytes too many in its name
[1]
$ RECUR_DATA=$'no\e[1m' RECUR_MIRROR=file:///nosuch recur vocab time_machine 2>&1 | grep -c '\\x1B\[1m'
1

# A dataset among several texts.
$ printf 'the first' > first; recur train first time_machine first --max-tokens 178979 --clean letters --validation 0 --hidden 2 --batch 100 --steps 100 --epochs 1 -o m 2>&1 | grep '^text'
text   the texts: 170598 tokens (char), 28 in the vocabulary
$ mkdir d; printf 'no such book' > d/timemachine.txt; RECUR_DATA=d recur train first time_machine 2>&1 | sed 's/: it has .*//'
recur train: d/timemachine.txt is not time_machine
