# Checkpoints and going on from them. tests/resume/ kills runs; this is what they say.

$ recur train --quiet --hidden 8 --epochs 3 --predict Mara --log log --checkpoint-every 5 > out; ls
log
model.checkpoint.safetensors
model.safetensors
out
$ cp model.safetensors whole; cp model.checkpoint.safetensors end; recur info end | grep -A 5 history | cut -c 1-8
history:
   epoch
       1
       2
       3

# A finished run gives its model and its results again.
$ rm model.safetensors; recur train --resume model.checkpoint.safetensors --log log > again; cmp model.safetensors whole; cmp out again
# One that is to be longer ends as if it had been so from the start; its log is one log.
$ recur train --quiet --hidden 8 --epochs 5 -o longer > out5; recur train --resume end --epochs 5 -o went-on --log log --threads 1 > out; cmp longer went-on; grep -o '"epoch": [0-9]*' log
"epoch": 1
"epoch": 2
"epoch": 3
"epoch": 4
"epoch": 5
# A log that is ahead of the checkpoint, or behind it, or new.
$ echo '{"epoch": 4}' >> log; recur train --resume end -o model.safetensors --log log > out; grep -o '"epoch": [0-9]*' log
"epoch": 1
"epoch": 2
"epoch": 3
$ recur train --resume end -o model.safetensors --log new > out; cmp log new
# The command that began the run, with --resume, is that run.
$ recur train --quiet --hidden 8 --epochs 3 --predict Mara --log log --checkpoint-every 5 --resume end -o model.safetensors > again; cmp out again
# Ctrl-C, then on to a good end.
$ recur train --quiet --hidden 8 --layers 2 --epochs 1000000 -o int --log int.log --checkpoint-every 1000000 > out 2> err & until [ -s int.log ]; do sleep 0.01; done; kill -INT $!; wait $!; echo "status $?"; sed 's/epoch [0-9]*/epoch N/g' err
status 0
recur train: interrupted in epoch N; the model of epoch N, the best on the held-out text, is in int; go on with recur train --resume int.checkpoint.safetensors --log int.log
$ n=$(wc -l < int.log); recur train --resume int.checkpoint.safetensors --epochs $((n + 2)) --log int.log > out; wc -l < int.log | sed "s/^$((n + 2))$/N + 2/"; recur train --quiet --hidden 8 --layers 2 --epochs $((n + 2)) -o alone > out; cmp int alone
N + 2
# What is shown.
$ recur train --hidden 8 --epochs 3 --checkpoint-every 5 -o shown 2>&1 > out | grep resume | sed 's/.*longer: //'; recur train --resume shown.checkpoint.safetensors 2>&1 > out | sed -En '/^resume/p; s/^(kept .*perplexity )[0-9.]+$/\1N/p'
recur train --resume shown.checkpoint.safetensors --epochs 6
resume shown.checkpoint.safetensors: 3 epochs done
kept epoch 3, the best on the held-out text: perplexity N
# Texts in several places, with a vocabulary of their own.
$ printf 'a b c d e f g h\n%.0s' $(seq 20) > one; printf 'h g f e d c b a\n%.0s' $(seq 20) > two; mkdir moved
$ recur train --quiet one two --tokens word --reserved '<pad>,<s>' --min-freq 2 --batch 4 --steps 5 --hidden 4 --epochs 2 --predict 'a b' --predict 'ü"\' --checkpoint-every 7 -o words > out; cp out first; cp words whole
! recur train: warning: the model's vocabulary lacks 3 of 5 tokens of --predict, read as <unk>
$ recur train --resume words.checkpoint.safetensors > out; cmp out first; cmp words whole; mv one two moved; recur train --resume words.checkpoint.safetensors
! recur train: warning: the model's vocabulary lacks 3 of 5 tokens of --predict, read as <unk>
! recur train: cannot read one: No such file or directory; give the text again, after --resume FILE
[1]
$ recur train --resume words.checkpoint.safetensors moved/one moved/two > out; cmp words whole; recur train --resume words.checkpoint.safetensors moved/* --predict c --quiet | tail -1 | cut -c 1
c
! recur train: warning: the model's vocabulary lacks 3 of 5 tokens of --predict, read as <unk>
# Presets.
$ tr a-z b-za < moved/one > letters; recur train letters --preset d2l-gru --hidden 6 --batch 2 --steps 4 --epochs 2 --quiet --checkpoint-every 9 -o preset > out; cp preset whole; recur train --resume preset.checkpoint.safetensors --preset d2l-gru --hidden 6 > out; cmp preset whole

# Other data, another vocabulary, other shapes.
$ recur train --resume words.checkpoint.safetensors moved/one
! recur train: the text is not the one that the run began with: it has 180 tokens, expected 360
[1]
$ recur train --resume words.checkpoint.safetensors moved/two moved/one
! recur train: the text's vocabulary is not the one that the run began with: it has another token 3
[1]
$ sed '$s/.*/b a c d e f g h/' moved/two > swapped; recur train --resume words.checkpoint.safetensors moved/one swapped
! recur train: the text is not the one that the run began with: it has as many tokens, 360, but others
[1]
$ for f in one two; do tr a-h i-p < moved/$f > other-$f; done; recur train --resume words.checkpoint.safetensors other-one other-two
! recur train: the text's vocabulary is not the one that the run began with: it has another token 3
[1]
$ recur train --resume end -o m one two
! recur train: warning: the run began with --log log; a checkpoint does not decide what is written: give --log again to have it
! recur train: cannot read one: No such file or directory
[1]
$ recur train --resume end --hidden 9
! recur train: --hidden cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --precision bf16
! recur train: --precision cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --layers 2
! recur train: --layers cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --task fill
! recur train: --task cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --tokens word
! recur train: --tokens cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --lr 0.003
! recur train: --lr cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --seed 2
! recur train: --seed cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --embed 0
! recur train: --embed cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end --preset d2l-gru
! recur train: --preset cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume end -o m --epochs 2
! recur train: warning: the run began with --log log; a checkpoint does not decide what is written: give --log again to have it
! recur train: the run is in epoch 3 already, it cannot end with epoch 2
[2]
$ recur train --quiet --hidden 4 --epochs 2 --schedule cosine --checkpoint-every 9 -o cosine > out; recur train --resume cosine.checkpoint.safetensors --epochs 3
! recur train: the cosine schedule of this run is laid out for 2 epochs, which cannot become 3
[2]
# What is no checkpoint.
$ recur train --resume whole
! recur train: whole: not a checkpoint: there is no run in it to resume, as it has no recur.training
[1]
$ recur train --resume missing
! recur train: cannot read missing: No such file or directory
[1]
$ recur train --resume moved/one
! recur train: moved/one: not a safetensors file but a text: recur train makes a model of it
[1]
$ recur train --resume ''
! recur train: --resume must be a file's name, got ""
[2]
$ LC_ALL=C sed 's/options/optionz/' end > strange; cmp -s end strange; recur train --resume strange
! recur train: strange was not written by recur train: its recur.note does not say how the run was started
[1]
$ LC_ALL=C sed 's/--hidden=8/--hidDen=8/' end > strange; recur train --resume strange
! recur train: unknown option --hidDen; did you mean --hidden?
! recur train: strange was not written by recur train: its recur.note does not say how the run was started
[1]
$ LC_ALL=C sed 's/"texts\\":\[\]/"texts\\":12/' end > strange; recur train --resume strange
! recur train: strange was not written by recur train: its recur.note does not say how the run was started
[1]
# Places.
$ recur train --checkpoint-every 5 -o /dev/null
! recur train: --checkpoint-every needs a file as --output, beside which the checkpoint is put, got /dev/null
[2]
$ recur train --checkpoint-every 5 --log model.checkpoint.safetensors
! recur train: --log and --checkpoint-every are one file, model.checkpoint.safetensors
[2]
$ recur train --resume end -o end --log log
! recur train: --output would overwrite the checkpoint end
[2]
$ recur train --resume end -o m --log end
! recur train: --log would overwrite the checkpoint end
[2]
$ recur train model.checkpoint.safetensors --checkpoint-every 5
! recur train: --checkpoint-every would overwrite the text model.checkpoint.safetensors
[2]
$ mkdir m.checkpoint.safetensors; recur train --checkpoint-every 5 -o m
! recur train: --checkpoint-every: cannot write m.checkpoint.safetensors: it is a directory
[1]
$ recur train --checkpoint-every 0
! recur train: --checkpoint-every must be a whole number from 1 to 1000000000, got "0"
[2]
$ recur train --quiet --hidden 4 --epochs 1 --checkpoint-every 5 --predict $'\xff'
! recur train: --checkpoint-every: an option or a file's name is not UTF-8, which checkpoints need
[2]
# Cut off anywhere, it is refused with one sentence.
$ size=$(wc -c < end); for ((n = 0; n < size; n += 997)); do head -c $n end > cut; recur train --resume cut 2>&1 | wc -l; echo "${PIPESTATUS[0]}"; done | sort -u
1
