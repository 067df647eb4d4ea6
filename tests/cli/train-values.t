# Impossible values of every option of recur train.

$ recur train --preset d2l-transformer
! recur train: --preset must be one of d2l-rnn-scratch, d2l-rnn, d2l-gru, d2l-lstm, d2l-deep-lstm, got "d2l-transformer"
[2]
$ recur train --task translate
! recur train: --task must be one of lm, fill, tag, classify, got "translate"
[2]
$ recur train --tokens syllable
! recur train: --tokens must be one of char, word, byte, bpe, got "syllable"
[2]
$ recur train --clean everything
! recur train: --clean must be one of none, letters, got "everything"
[2]
$ recur train --min-freq -1
! recur train: --min-freq must be a whole number of at least 0, got "-1"
[2]
$ recur train --min-freq 1.5
! recur train: --min-freq must be a whole number of at least 0, got "1.5"
[2]
$ recur train --reserved ''
! recur train: reserved token 1 is empty
[2]
$ recur train --reserved 'a,,b'
! recur train: reserved token 2 is empty
[2]
$ recur train --reserved 'a,a'
! recur train: reserved token 2, "a", is given twice
[2]
$ recur train --reserved '<unk>'
! recur train: reserved token 1, "<unk>", is in every vocabulary already
[2]
$ recur train --max-tokens 0
! recur train: --max-tokens must be a whole number from 1 to 9223372036854775807, got "0"
[2]
$ recur train --cell transformer
! recur train: --cell must be one of rnn, gru, gru-reset-before, lstm, ln-lstm, ln-gru, got "transformer"
[2]
$ recur train --activation softmax
! recur train: --activation must be one of tanh, relu, sigmoid, got "softmax"
[2]
$ recur train --hidden 0
! recur train: --hidden must be whole numbers from 1 to 65536 with commas between them, at most 64, got "0"
[2]
$ recur train --hidden 256,
! recur train: --hidden must be whole numbers from 1 to 65536 with commas between them, at most 64, got "256,"
[2]
$ recur train --hidden 1,x
! recur train: --hidden must be whole numbers from 1 to 65536 with commas between them, at most 64, got "1,x"
[2]
$ recur train --hidden 65537
! recur train: --hidden must be whole numbers from 1 to 65536 with commas between them, at most 64, got "65537"
[2]
$ recur train --layers 0
! recur train: --layers must be a whole number from 1 to 64, got "0"
[2]
$ recur train --layers 65
! recur train: --layers must be a whole number from 1 to 64, got "65"
[2]
$ recur train --embed -1
! recur train: --embed must be a whole number from 0 to 65536, got "-1"
[2]
$ recur train --biases 3
! recur train: --biases must be a whole number from 1 to 2, got "3"
[2]
$ recur train --init ones
! recur train: --init must be one of uniform, normal, got "ones"
[2]
$ recur train --dropout 1
! recur train: --dropout must be a number of at least 0 and below 1, got "1"
[2]
$ recur train --dropout -0.1
! recur train: --dropout must be a number of at least 0 and below 1, got "-0.1"
[2]
$ recur train --batch 0
! recur train: --batch must be a whole number from 1 to 1000000, got "0"
[2]
$ recur train --steps 0
! recur train: --steps must be a whole number from 1 to 1000000, got "0"
[2]
$ recur train --sampling shuffled
! recur train: --sampling must be one of sequential, random, got "shuffled"
[2]
$ recur train --optimizer lion
! recur train: --optimizer must be one of sgd, adam, adamw, rmsprop, got "lion"
[2]
$ recur train --momentum 1
! recur train: --momentum must be a number of at least 0 and below 1, got "1"
[2]
$ recur train --weight-decay -0.01
! recur train: --weight-decay must be a number of at least 0, got "-0.01"
[2]
$ recur train --lr 0
! recur train: --lr must be a number above 0, got "0"
[2]
$ recur train --lr abc
! recur train: --lr must be a number above 0, got "abc"
[2]
$ recur train --lr 1e999
! recur train: --lr must be a number above 0, got "1e999"
[2]
$ recur train --lr nan
! recur train: --lr must be a number above 0, got "nan"
[2]
$ recur train --lr ''
! recur train: --lr must be a number above 0, got ""
[2]
$ recur train --lr 0x10
! recur train: --lr must be a number above 0, got "0x10"
[2]
$ recur train --lr ' 5'
! recur train: --lr must be a number above 0, got " 5"
[2]
$ recur train --lr=-1
! recur train: --lr must be a number above 0, got "-1"
[2]
$ recur train --clip -1
! recur train: --clip must be a number of at least 0, got "-1"
[2]
$ recur train --schedule linear
! recur train: --schedule must be one of constant, cosine, plateau, wsd, onecycle, got "linear"
[2]
$ recur train --warmup -1
! recur train: --warmup must be a number from 0 to 1e+09, got "-1"
[2]
$ recur train --lr-floor 1.1
! recur train: --lr-floor must be a number from 0 to 1, got "1.1"
[2]
$ recur train --lr-patience 0
! recur train: --lr-patience must be a whole number from 1 to 1000000, got "0"
[2]
$ recur train --lr-factor 1
! recur train: --lr-factor must be a number above 0 and below 1, got "1"
[2]
$ recur train --epochs 0
! recur train: --epochs must be a whole number from 1 to 1000000000, got "0"
[2]
$ recur train --epochs 1.5
! recur train: --epochs must be a whole number of at least 1, got "1.5"
[2]
$ recur train --validation 0.91
! recur train: --validation must be a number from 0 to 0.9, got "0.91"
[2]
$ recur train --seed -1
! recur train: --seed must be a whole number of at least 0, got "-1"
[2]
$ recur train --seed 18446744073709551616
! recur train: --seed must be a whole number from 0 to 18446744073709551615, got "18446744073709551616"
[2]
$ recur train --threads 0
! recur train: --threads must be a whole number from 1 to 1024, got "0"
[2]
$ recur train --device tpu
! recur train: --device must be one of auto, cpu, cuda, got "tpu"
[2]
$ recur train --precision f16
! recur train: --precision must be one of f32, bf16, got "f16"
[2]
$ recur train --output ''
! recur train: --output must be a file's name, got ""
[2]
$ recur train --predict-every -1
! recur train: --predict-every must be a whole number of at least 0, got "-1"
[2]
$ recur train --log ''
! recur train: --log must be a file's name, got ""
[2]
$ recur train --report ''
! recur train: --report must be a file's name, got ""
[2]
$ recur train --plot ''
! recur train: --plot must be a file's name, got ""
[2]
$ recur train --plot curve.pdf
! recur train: --plot must end in .svg or .png, got "curve.pdf"
[2]

# Options as such.
$ recur train --hiden 4
! recur train: unknown option --hiden; did you mean --hidden?
[2]
$ recur train --hid 4
! recur train: unknown option --hid; did you mean --hidden?
[2]
$ recur train --xyzzy
! recur train: unknown option --xyzzy; recur train --help lists them
[2]
$ recur train -x
! recur train: unknown option -x; recur train --help lists them
[2]
$ recur train --lr
! recur train: --lr needs a value: --lr X
[2]
$ recur train -o
! recur train: --output needs a value: --output FILE
[2]
$ recur train --quiet=yes
! recur train: --quiet takes no value, got "yes"
[2]
$ recur train --help=yes | head -1
! recur train: --help takes no value, got "yes"

# Nothing was written.
$ ls

# Numbers that 32 bits do not hold as they are.
$ recur train --lr 1e39
! recur train: --lr must be a number above 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e39"
[2]
$ recur train --lr 1e-50
! recur train: --lr must be a number above 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]
$ recur train --lr 1e-40
! recur train: --lr must be a number above 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-40"
[2]
$ recur train --clip 1e-50
! recur train: --clip must be a number of at least 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]
$ recur train --clip 1e300
! recur train: --clip must be a number of at least 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e300"
[2]
$ recur train --dropout 0.99999999999
! recur train: --dropout must be a number of at least 0 and below 1 that 32 bits hold, at most 0.99999994, got "0.99999999999"
[2]
$ recur train --dropout 1e-50
! recur train: --dropout must be a number of at least 0 and below 1 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]
$ recur train --momentum 0.999999999999 --optimizer sgd
! recur train: --momentum must be a number of at least 0 and below 1 that 32 bits hold, at most 0.99999994, got "0.999999999999"
[2]
$ recur train --weight-decay 1e39
! recur train: --weight-decay must be a number of at least 0 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e39"
[2]
$ recur train --warmup 1e-60 --schedule cosine
! recur train: --warmup must be a number from 0 to 1e+09 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-60"
[2]
$ recur train --lr-factor 1e-60 --schedule plateau
! recur train: --lr-factor must be a number above 0 and below 1 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-60"
[2]
$ recur train --blanks 0.99999999999 --task fill
! recur train: --blanks must be a number of at least 0 and below 1 that 32 bits hold, at most 0.99999994, got "0.99999999999"
[2]
$ recur train --validation 1e-60
! recur train: --validation must be a number from 0 to 0.9 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-60"
[2]
$ recur generate --temp 1e-50
! recur generate: --temp must be a number from 0 to 1000 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]
$ recur generate --top-p 1e-50
! recur generate: --top-p must be a number above 0 and at most 1 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]
$ recur generate --min-p 1e-50
! recur generate: --min-p must be a number from 0 to 1 that 32 bits hold, from 1.18e-38 to 3.4e+38, got "1e-50"
[2]

# The narrowest of all.
$ for t in 1 2; do recur train --quiet --hidden 1,2,1 --embed 1 --epochs 1 --threads $t -o narrow$t > out; done; cmp narrow1 narrow2; recur convert --quantize int8 narrow1 bytes | cut -d" " -f3,4
lstm 1,2,1,
