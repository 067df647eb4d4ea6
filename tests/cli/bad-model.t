# Files that are not, or no longer, a model.

$ printf 'abcabcabcabcabc' > text; recur train text --quiet --cell rnn --hidden 3 --batch 2 --steps 3 --epochs 1 --validation 0 -o model > out
$ recur info model | head -1
model: rnn tanh 3, one-hot input, 43 parameters

$ : > empty; recur generate -m empty
! recur generate: empty: not a safetensors file but an empty file
[1]
$ printf 1234567 > seven; recur generate -m seven
! recur generate: seven: not a safetensors file but a text: recur train makes a model of it
[1]
$ recur generate -m text
! recur generate: text: not a safetensors file but a text: recur train makes a model of it
[1]
$ head -c 100 model > cut; set -o pipefail; recur generate -m cut 2>&1 | sed -E "s/has [0-9]+/has N/"
recur generate: cut: the file is cut off: its header has N bytes, only 92 are there
[1]
$ head -c -1 model > cut; recur generate -m cut
! recur generate: cut: the file is cut off: its tensors have 172 bytes, only 171 are there
[1]
$ (cat model; printf x) > longer; recur generate -m longer
! recur generate: longer: the file goes on after its last tensor, which ends at byte 172 of the data
[1]
$ printf '\0\0\0\0\0\0\0\0' > none; recur generate -m none
! recur generate: none: not a safetensors file: its header does not begin with {
[1]
$ printf '\x02\0\0\0\0\0\0\0{}' > other; recur generate -m other
! recur generate: other: a safetensors file but not a recur model: it has no recur.config; recur convert reads PyTorch's
[1]
$ printf '\x02\0\0\0\0\0\0\0{ ' > broken; recur generate -m broken
! recur generate: broken: the header is not valid JSON at line 1, byte 3: expected a key in double quotes, got the end
[1]
$ printf '\x02\0\0\0\0\0\0\0[]' > list; recur generate -m list
! recur generate: list: not a safetensors file: its header does not begin with {
[1]

# One change at a time, of the same length, so that only that is wrong.
$ LC_ALL=C sed 's/"recur.version":"1"/"recur.version":"9"/' model > m; recur generate -m m
! recur generate: m: a recur model of version 9, this build reads version 1
[1]
$ LC_ALL=C sed 's/"recur.vocab"/"recur.vocaX"/' model > m; recur generate -m m
! recur generate: m: the model's vocabulary is missing: there is no recur.vocab
[1]
$ LC_ALL=C sed 's/"recur.config"/"recur.confiX"/' model > m; recur generate -m m
! recur generate: m: recur.config is missing
[1]
$ LC_ALL=C sed 's/\[3,3\]/[1,9]/' model > m; recur generate -m m
! recur generate: m: tensor rnn.weight_hh_l0 is (1, 9), expected (3, 3)
[1]
$ LC_ALL=C sed 's/rnn.weight_hh_l0/rnn.weight_xx_l0/' model > m; recur generate -m m
! recur generate: m: tensor rnn.weight_hh_l0 is missing
[1]
$ LC_ALL=C sed 's/\\"cell\\":\\"rnn\\"/\\"cell\\":\\"rnm\\"/' model > m; recur generate -m m
! recur generate: m: recur.config: unknown cell "rnm": expected rnn, gru, gru-reset-before, lstm, ln-lstm or ln-gru
[1]
$ LC_ALL=C sed 's/\\"hidden\\":\[3\]/\\"hidden\\":[4]/' model > m; recur generate -m m
! recur generate: m: tensor rnn.weight_ih_l0 is (3, 4), expected (4, 4)
[1]
$ LC_ALL=C sed 's/\\"vocabulary\\":4/\\"vocabulary\\":5/' model > m; recur generate -m m
! recur generate: m: tensor rnn.weight_ih_l0 is (3, 4), expected (3, 5)
[1]

# eval and info say the same.
$ head -c 100 model > cut; set -o pipefail; (recur eval -m cut text; recur info cut) 2>&1 | sed -E "s/has [0-9]+/has N/"
recur eval: cut: the file is cut off: its header has N bytes, only 92 are there
recur info: cut: the file is cut off: its header has N bytes, only 92 are there
[1]
