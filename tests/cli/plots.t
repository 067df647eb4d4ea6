# Runs side by side: recur plot draws logs.

$ texts() { tr -d '\n' < $1 | sed 's/<text /\n/g' | sed -n '2,$s/^[^>]*>\([^<]*\)<.*/\1/p' | grep -vE '^-?[0-9.]+[kMG]?$'; }; declare -f texts > texts; for h in 4 6; do recur train --quiet --hidden $h --lr 0.01 --epochs 3 --threads 1 -o m --log $h.jsonl > out; done; recur plot 4.jsonl 6.jsonl -o runs.svg; texts runs.svg
2 runs
lines: validation; dashes: training; rings: the kept epochs
4.jsonl: --hidden=4
6.jsonl: --hidden=6
epoch
perplexity
tokens
perplexity
seconds of training
perplexity
epoch
learning rate
epoch
gradient norm
$ python3 -c 'import xml.dom.minidom as x; print(x.parse("runs.svg").documentElement.tagName)'; grep -c 'stroke-dasharray' runs.svg; grep -c '<circle.* r="6"' runs.svg
svg
6
6
# One run: its settings in the title, unless another is given; the kept epoch with its number. The log has settings, and no
# names of files.
$ . ./texts; recur plot 4.jsonl -o run.svg; texts run.svg | head -1; texts run.svg | grep -E 'kept|training$|validation' | sed 's/, [0-9.]*$/, N/'; recur plot 4.jsonl --title 'A & B' -o run.svg; texts run.svg | head -1; grep -o '"options": .*' 4.jsonl
4.jsonl: --hidden=4 --lr=0.01 --epochs=3
training
validation
kept: epoch 3, N
seconds of training
A &#38; B
"options": ["--hidden=4", "--lr=0.01", "--epochs=3"]}
# Labels have scores.
$ . ./texts; (for i in $(seq 60); do printf 'Ann B-PER\nran O\n\nBob B-PER\nsat O\nin O\nRome B-LOC\n\n'; done) > ner; recur train ner --task tag --quiet --hidden 4 --epochs 3 --threads 1 -o m --log t.jsonl > out; recur plot t.jsonl -o run.svg; texts run.svg | grep -E 'score|accuracy|F1'
score on held-out data
accuracy
F1
score on held-out data
score on held-out data
# What is no log.
$ echo '{"epoch": 1}' > bad; recur plot bad -o x.svg
! recur plot: bad: line 1 is no epoch of a log that recur train --log has written
[1]
$ : > empty; recur plot empty -o x.svg
! recur plot: empty has no epochs
[1]
$ recur plot 4.jsonl
! recur plot: --output is missing: a file that ends in .svg or .png
[2]
$ recur plot 4.jsonl -o x.gif
! recur plot: --output must end in .svg or .png, got "x.gif"
[2]
$ cp 4.jsonl 4.svg; recur plot 4.svg -o 4.svg
! recur plot: --output would overwrite 4.svg
[2]
