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
# More time cannot be had by the search, but by its best settings.
$ recur tune t --time 40s -o m -- --threads 1
! recur tune: the search in m.tune was begun with --time 36 and cannot be given another, because its trials are compared after equal times: train the best settings with recur train --time, remove the folder, or choose another --output
[1]
# Where the first trial cannot begin, none is tried, and nothing is left that would stand in the way
# of the corrected command. Without a finished trial a folder is anybody's.
$ recur tune nothing --time 36s -o n; recur tune t --time 36s -o n -- --frobnicate 3; ls -d n.tune
! recur train: cannot read nothing: No such file or directory
! recur train: unknown option --frobnicate; recur train --help lists them
! ls: cannot access 'n.tune': No such file or directory
[2]
$ mkdir n.tune; printf '36 s, seed 1 other' > n.tune/search; touch n.tune/round1-trial1.jsonl; recur tune nothing --time 36s -o n; recur tune t --time 36s -o n -- --frobnicate 3; ls n.tune
! recur train: cannot read nothing: No such file or directory
! recur train: unknown option --frobnicate; recur train --help lists them
! ls: cannot access 'n.tune': No such file or directory
[2]
# What a trial says stands on a line of its own.
$ mkdir n.tune; touch n.tune/round1-trial1.safetensors; recur tune nothing --time 36s -o n; rm -r n.tune
! round 1/3  trial 1  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 2  --cell gru --hidden 256,256 --batch 4  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 3  --batch 4 --dropout 0.3 --lr 0.003  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 4  --cell gru --hidden 384 --batch 32 --dropout 0.1 --lr 0.02  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 5  --cell gru  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 6  --cell gru --hidden 384 --dropout 0.3 --lr 0.01  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 7  --steps 100 --hidden 384 --batch 4  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 8  --cell gru --steps 100 --hidden 192 --dropout 0.3  failed
! recur train: cannot read nothing: No such file or directory
! round 1/3  trial 9  --cell gru --steps 24 --batch 16 --dropout 0.3  failed
! recur tune: no trial came to a model; recur train says why
$ recur tune t --time 36s -o n -- --lr 1e30 --optimizer sgd --clip 1e30 --hidden 8 --threads 1 2>&1 | sed "s/after.*//" | head -4; rm -r n.tune; rm err
round 1/3  trial 1
recur train: the perplexity is no longer finite at minibatch 2 of 25 of epoch 1; try a smaller learning rate than 1.05263e+29; no model was saved
  failed
round 1/3  trial 2  --cell gru --batch 4
# A long command line is known again; one character is enough for another search.
$ long=$(printf 'a%.0s' $(seq 300)); mkdir long.tune; touch long.tune/round1-trial1.safetensors; for end in b b c; do recur tune $long $long $long$end --time 36s -o long 2>&1 | tail -1 | grep -o "another search\|no trial"; done
no trial
no trial
another search
# What would spoil the texts or the trials.
$ for words in "t -o t" "-" "t -o m -- --time 5" "t -- -o x" "t -- --log=x" "t -- --init-from model.safetensors"; do recur tune --time 36s $words; done; ls
long.tune
m
m.tune
out
t
! recur tune: --output would overwrite t
! recur tune: standard input, -, cannot be read once for each trial: give the text's file
! recur tune: --time cannot be given to the trials: the search gives each its own
! recur tune: -o cannot be given to the trials: the search gives each its own
! recur tune: --log cannot be given to the trials: the search gives each its own
! recur tune: --output would overwrite model.safetensors
# Settings that are tried do not contradict what is given.
$ failed() { mkdir $1.tune; touch $1.tune/round1-trial1.safetensors; }; failed o; recur tune nothing --time 36s -o o -- --layers 2 2>&1 | grep -c -- "--hidden"; failed p; recur tune nothing --time 36s -o p -- --task tag 2>&1 | grep -c -- "--steps"; failed q; recur tune nothing --time 36s -o q -- --init-from m 2>&1 | grep -c -- "--cell\|--hidden\|--steps"
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
