# -m A -m B: models that predict together.

$ printf 'the quick brown fox jumps over the lazy dog\n%.0s' $(seq 40) > text; printf 'jumps the lazy fox over the quick brown dog\n%.0s' $(seq 30) > other; for seed in 1 2; do recur train text --quiet --hidden 16 --epochs 3 --batch 4 --steps 9 --seed $seed -o $seed.safetensors > out; done
# The loss is at most the mean of theirs; a model with itself is that model.
$ for m in '-m 1.safetensors' '-m 2.safetensors' '-m 1.safetensors -m 2.safetensors'; do recur eval $m other | sed -n 's/loss *\([0-9.]*\).*/\1/p'; done | paste - - - | awk '{print ($3 < ($1 + $2) / 2)}'; recur eval -m 1.safetensors -m 1.safetensors other > twice; recur eval -m 1.safetensors other | cmp - twice
1
$ recur generate -m 1.safetensors -m 2.safetensors -p 'the ' -n 30 -s 1 > a; recur generate -m 2.safetensors -m 1.safetensors -p 'the ' -n 30 -s 1 | cmp - a; wc -c < a
35
$ recur generate -m 1.safetensors -m 2.safetensors -p "$(head -5 other)" -n 9 -s 1 --learn --no-display-prompt | wc -c
10
# What does not go.
$ printf 'abc%.0s' $(seq 40) > abc; recur train abc --quiet --hidden 4 --epochs 1 --batch 2 --steps 5 -o abc.safetensors > out; recur eval -m 1.safetensors -m abc.safetensors text
! recur eval: abc.safetensors has another vocabulary than 1.safetensors: only models of the same tokens predict together
[1]
$ recur generate -m 1.safetensors -m abc.safetensors -p a
! recur generate: abc.safetensors has another vocabulary than 1.safetensors: only models of the same tokens predict together
[1]
$ recur eval --dynamic -m 1.safetensors -m 2.safetensors text
! recur eval: --dynamic takes one model, not 2
[2]
$ recur generate --beam 2 -m 1.safetensors -m 2.safetensors
! recur generate: --beam takes one model, not 2
[2]
$ recur generate -i -m 1.safetensors -m 2.safetensors
! recur generate: --interactive takes one model, not 2
[2]
