# recur eval --dynamic and recur generate --learn: a model learns from the text that it reads.

$ printf 'the quick brown fox jumps over the lazy dog\n%.0s' $(seq 40) > text; recur train text --quiet --hidden 16 --epochs 2 --batch 4 --steps 9 > out; cp model.safetensors before; printf 'a lazy dog jumps; the fox is quick\n%.0s' $(seq 40) > other
# It predicts better what it has met; the file stays as it is.
$ recur eval other | sed -n 's/loss *//p' > static; recur eval --dynamic other > dynamic; cmp model.safetensors before; sed -n 's/loss *//p' dynamic | paste - static | awk '{print ($1 < $5)}'
1
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
$ recur eval --dynamic --threads 1 other | cmp - dynamic; recur eval --dynamic --json other | grep -o '"[a-z_]*"' | tr '\n' ' '
"tokens" "loss" "perplexity" "bits_per_character" 
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
$ recur eval --dynamic --optimizer sgd --lr 1 --steps 8 --decay 0 --clip 0 other | wc -l
4
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
# The continuation is another one.
$ recur generate -p "$(head -20 other)" -n 30 --temp 0 --no-display-prompt > a; recur generate -p "$(head -20 other)" -n 30 --temp 0 --no-display-prompt --learn --lr 0.01 > b; cmp -s a b; cmp model.safetensors before; tail -1 b
a lazy dog jumps the fox is q
! recur generate: warning: the model's vocabulary lacks 20 of 699 tokens of the prompt, read as <unk>
! recur generate: warning: the model's vocabulary lacks 20 of 699 tokens of the prompt, read as <unk>
# Who learns too fast knows nothing any more.
$ recur generate -p "$(head -20 other)" -n 30 --temp 0 --no-display-prompt --learn --lr 1 2>&1 > b | grep -v vocabulary
recur generate: warning: learning from the prompt spoilt the model: it came to predict it worse than tokens at random do; try a smaller --lr than 1
# What does not go.
$ recur eval --lr 1 other
! recur eval: --lr needs --dynamic
[2]
$ recur generate --decay 0.1
! recur generate: --decay needs --learn
[2]
$ recur eval --dynamic --lr 0 other
! recur eval: --lr must be a number above 0, got "0"
[2]
$ recur eval --dynamic --decay 1 other
! recur eval: --decay must be a number of at least 0 and below 1, got "1"
[2]
$ recur eval --dynamic --optimizer sgd --lr 1e30 --clip 0 other
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
! recur eval: the loss is no longer finite after 32 tokens; try a smaller learning rate than 1e+30
[1]
$ recur generate --learn -p t
! recur generate: --learn needs a prompt of at least 2 tokens
[2]
$ recur convert model.safetensors q --quantize int8 > out; recur eval -m q --dynamic other
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
! recur eval: a model quantised to int8 is not trained on; the one it was made of can be
[1]
$ recur train text --quiet --task fill --hidden 8 --epochs 1 --batch 4 --steps 9 -o fill > out; recur eval -m fill --dynamic other
! recur eval: warning: the model's vocabulary lacks 40 of 1400 tokens of other, read as <unk>
! recur eval: only a language model learns from the text that it reads
[1]
$ printf 'a X\nb Y\n\n%.0s' $(seq 20) > tagged; recur train tagged --task tag --quiet --hidden 4 --epochs 1 -o tagger > out; recur eval -m tagger --dynamic tagged
! recur eval: --dynamic is for models that predict tokens, and tagger labels
[2]
