# The curves as a picture whose text is text, drawn in what terminal and book speak of.

$ texts() { tr -d '\n' < $1 | sed 's/<text /\n/g' | sed -n '2,$s/^[^>]*>\([^<]*\)<.*/\1/p'; }; declare -f texts > texts; recur train --quiet --hidden 16 --lr 0.02 --batch 8 --epochs 12 --threads 1 -o m --plot curve.svg --report report > out; best=$(grep -o '"best_epoch": [0-9]*' report | grep -o '[0-9]*$'); ppl=$(sed -n '1s/^perplexity \([0-9.]*\),.*/\1/p' out); texts curve.svg | grep -vE '^[0-9.]+[kMG]?$' | sed "s/kept: epoch $best, $ppl/kept: epoch BEST, PPL/"
built-in story
lstm 16, one-hot input, 5283 parameters
epoch
perplexity
validation
training
kept: epoch BEST, PPL
tokens
perplexity
seconds of training
perplexity
epoch
learning rate
epoch
gradient norm
$ python3 -c 'import xml.dom.minidom as x; print(x.parse("curve.svg").documentElement.tagName)'
svg
# The axes use the room: no tick of the perplexities is far below the lowest, and there are some.
$ . ./texts; lowest=$(texts curve.svg | grep -E '^[0-9.]+$' | head -1); n=$(texts curve.svg | sed '/^epoch$/,$d' | grep -cE '^[0-9.]+$'); echo $((lowest > 1)) $((n > 10))
1 1
# One epoch is a dot on either curve, the kept one a ring.
$ recur train --quiet --hidden 6 --epochs 1 -o m --plot curve.svg > out && grep -o 'circle.* r="[0-9.]*"' curve.svg | sed 's/.*r=//'
"4"
"4"
"6"
"3.5"
"4"
"4"
"6"
"3.5"
"4"
"4"
"6"
"3.5"
"4"
"4"
# A run of many epochs is no larger than the sheet.
$ printf 'abcabcbcacba%.0s' {1..20} > text; recur train text --quiet --hidden 2 --batch 2 --steps 5 --epochs 3000 --threads 1 -o m --plot curve.svg > out && [ $(wc -c < curve.svg) -lt 160000 ]
# What labels is drawn by its scores, or by its loss where nothing is held out.
$ . ./texts; (for i in $(seq 60); do printf 'Ann B-PER\nran O\n\nBob B-PER\nsat O\nin O\nRome B-LOC\n\n'; done) > ner; for v in 0.1 0; do recur train ner --task tag --quiet --hidden 4 --epochs 4 --threads 1 --validation $v -o m --plot curve.svg > out; texts curve.svg | grep -vE '^[0-9.]+[kMG]?$' | sed -E '1,2d; s/, [0-9.]+$/, N/'; done
epoch
score on held-out data
accuracy
F1
kept: epoch 4, N
tokens
score on held-out data
seconds of training
score on held-out data
epoch
learning rate
epoch
gradient norm
epoch
loss
training
kept: epoch 4, N
tokens
loss
seconds of training
loss
epoch
learning rate
epoch
gradient norm
$ (for i in $(seq 40); do printf 'pos\tgood\nneg\tbad\n'; done) > mood; . ./texts; recur train mood --task classify --quiet --hidden 4 --epochs 4 --threads 1 -o m --plot curve.svg > out; texts curve.svg | grep -E 'score|accuracy|F1'
score on held-out data
accuracy
F1
score on held-out data
score on held-out data
# Accuracy and F1 that differ by rounding alone are one level, with ticks round it.
$ . ./texts; (for i in $(seq 20); do printf '%s%d B-%s\n\n' a $i A b $i B c $i C d $i D e $i E; done) > kinds; recur train kinds --task tag --quiet --lr 1e-30 --hidden 2 --char-hidden 0 --embed 2 --epochs 2 --threads 1 -o m --plot curve.svg > out; n=$(texts curve.svg | sed '/^epoch$/,$d' | grep -cE '^[0-9.]+$'); echo $((n > 3))
1
# A run that has nearly diverged: labels stay in their column, and ticks are few and go all the way up.
$ . ./texts; recur train --hidden 32 --lr 4 --epochs 2 --threads 1 -o m --plot curve.svg 2>said > out; sed -n 's/[┤│].*/|/p' said | awk '{ print length }' | sort -u; texts curve.svg | sed '/^epoch$/,$d' | grep '^1e' > ticks; n=$(wc -l < ticks); echo $((n > 3)) $((n < 14)); top=$(sed -n '/┤/{s/.*e+//; s/ .*//; p; q}' said); tick=$(tail -1 ticks | sed 's/1e+//'); echo $((10#$top - 10#$tick < 10#$top / 3))
11
1 1
1
# A name is text and no markup.
$ printf 'so many words %.0s' {1..40} > $'a<b> & "c"\e[31m'; . ./texts; recur train a* --quiet --hidden 2 --batch 2 --steps 5 --epochs 2 --threads 1 -o m --plot curve.svg > out; texts curve.svg | head -1; python3 -c 'import xml.dom.minidom as x; print(x.parse("curve.svg").getElementsByTagName("title")[0].firstChild.data)'
a&#60;b&#62; &#38; &#34;c&#34;\x1B[31m
a<b> & "c"\x1B[31m

$ recur train --plot missing/curve.svg
! recur train: --plot: cannot write missing/curve.svg: missing: No such file or directory
[1]
$ recur train --report a.svg --plot a.svg
! recur train: --report and --plot are one file, a.svg
[2]
# Epochs that are longer together than a number can be have no axis of seconds.
$ printf '{"epoch": 1, "loss": 1, "seconds": 1e308}\n{"epoch": 2, "loss": 0.5, "seconds": 1e308}\n' > far.jsonl; recur plot far.jsonl -o far.svg; grep -c nan far.svg
0
[1]
