# A search for settings: thirteen trials, of which those that are there are not run again.

$ head -c 4000 "$CASES/../../README.md" > t; recur tune t --time 36s -o m -- --threads 1 2> err | sed 's/ [0-9.]*$//; s/--.*/.../'; grep -c perplexity err; ls m.tune | sed 's/.*[.]//' | sort | uniq -c; rm m; recur tune t --time 36s -o m -- --threads 1 2>&1 > out | grep -c "done before"; recur info m | grep -c "recur train --"
perplexity
recur train ...
13
     13 jsonl
     13 safetensors
      1 search
13
1
$ recur tune t --time 40s -o m
! recur tune: m.tune has the trials of another search (36 s, seed 1 t --threads 1): remove it, or choose another --output
[1]
$ recur tune t --time 2s
! recur tune: --time must be a time of at least 36s and at most 30 days, as 90s, 10m or 1h30m, got "2s"
[2]
$ recur tune nothing --time 36s -o n 2>&1 | tail -1
recur tune: no trial came to a model; recur train says why

# A long command line is known again; one character is enough for another search.
$ long=$(printf 'a%.0s' $(seq 300)); for end in b b c; do recur tune $long $long $long$end --time 36s -o long 2>&1 | tail -1 | grep -o "another search\|no trial"; done
no trial
no trial
another search
# What would spoil the texts or the trials.
$ for words in "t -o t" "-" "t -o m -- --time 5" "t -- -o x" "t -- --log=x" "t -- --init-from model.safetensors"; do recur tune --time 36s $words; done; ls
err
long.tune
m
m.tune
n.tune
out
t
! recur tune: --output would overwrite t
! recur tune: standard input, -, cannot be read once for each trial: give the text's file
! recur tune: --time cannot be given to the trials: the search gives each its own
! recur tune: -o cannot be given to the trials: the search gives each its own
! recur tune: --log cannot be given to the trials: the search gives each its own
! recur tune: --output would overwrite model.safetensors
# Settings that are tried do not contradict what is given.
$ recur tune nothing --time 36s -o o -- --layers 2 2>&1 | grep -c -- "--hidden"; recur tune nothing --time 36s -o p -- --task tag 2>&1 | grep -c -- "--steps"; recur tune nothing --time 36s -o q -- --init-from m 2>&1 | grep -c -- "--cell\|--hidden\|--steps"
0
0
0
[1]
# SIGTERM ends the search and its trial.
$ recur tune t --time 1h -o r 2> err & for i in $(seq 200); do [ -e r.tune/round1-trial1.jsonl ] && break; sleep 0.05; done; kill $!; wait $!; echo $?; tail -1 err; ls r.tune | sed 's/.*[.]//'
1
recur tune: interrupted; the same command goes on from here
jsonl
search
