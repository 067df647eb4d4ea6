# Labels for words and for texts.

# Two spelling systems; which one a line is in shows in its syllables.
$ awk 'BEGIN { split("ba ko mi tu", a, " "); split("zu kha pli oro", b, " "); for (i = 0; i < 400; i++) { x = (x * 69069 + 1) % 65536; l = int(x / 256) % 2; n = int(x / 512) % 7; s = ""; for (j = 0; j <= n; j++) { x = (x * 69069 + 1) % 65536; k = int(x / 256) % 4 + 1; s = s (l ? a[k] : b[k]) (j % 2 ? " " : "") } print (l ? "Latu" : "Zukh") "\t" s } }' > lines; head -3 lines; wc -l < lines
Zukh	kha
Latu	tumi ko
Zukh	plizu khaoro oro
400
$ recur train lines --quiet --task classify --bidirectional --hidden 16 --batch 16 --epochs 6 --lr 0.02 -o c --log log --report report | sed -E 's/[0-9.]+ tokens/N tokens/'
accuracy 1.0000, f1 1.0000 on held-out data, N tokens/sec on cpu
$ grep -c valid_accuracy log; grep -o '"f1": [0-9.]*' report
6
"f1": 1.0
$ recur eval -m c lines | sed -E 's/^loss .*/loss N/'
texts               400
loss N
accuracy            1.0000
macro precision     1.0000
macro recall        1.0000
macro f1            1.0000
confusion matrix: a row for each label of the data, a column for each prediction
                      Latu      Zukh
Latu                   194         0
Zukh                     0       206
$ recur eval -m c lines --json | grep -o '"accuracy": [0-9.]*\|"sequences": [0-9]*\|"confusion": \[{"label": "Latu"'
"sequences": 400
"accuracy": 1.0
"confusion": [{"label": "Latu"
$ printf 'bakomi tu\nZukh\toro zupli\n\n' | recur predict -m c - | cut -f1 | head -2
Latu
Zukh
$ printf 'bakomi tu\nZukh\toro zupli\n\n' | recur predict -m c - | wc -l
3
$ printf 'bakomi\n' | recur predict -m c --top 1 - | sed -E 's/0\.9[0-9]+|1\.0000/P/'
Latu	P
$ printf 'bakomi\n' | recur predict -m c --json - | sed -E 's/[0-9]\.[0-9e-]+/P/g'
{"label": "Latu", "probabilities": {"Latu": P, "Zukh": P}}
$ for p in mean max; do recur train lines --quiet --task classify --pool $p --hidden 16 --batch 16 --epochs 6 --lr 0.02 -o p | sed -E 's/, [0-9.]+ tokens.*//'; done
accuracy 1.0000, f1 1.0000 on held-out data
accuracy 1.0000, f1 1.0000 on held-out data
$ recur info c | sed -n '1p;/^labels/,/^$/p'
c: lstm 16, classifies texts with 2 labels (pool final), both directions (concat), one-hot input, 4290 parameters
labels: 2
 "Zukh" "Latu"
$ for t in 1 2 3; do recur train lines --quiet --task classify --bidirectional --merge sum --dropout 0.1 --hidden 16 --batch 16 --epochs 2 --threads $t -o same$t > out; done; cmp same1 same2 && cmp same1 same3 && echo same
same

# Only its first letter says which spelling a long line is in: the direction that reads it last sees it, one that reads it first has forgotten.
$ awk 'BEGIN { split("ba ko mi tu", a, " "); for (i = 0; i < 400; i++) { x = (x * 69069 + 1) % 65536; l = int(x / 256) % 2; s = l ? "th" : "zh"; for (j = 0; j < 60; j++) { x = (x * 69069 + 1) % 65536; s = s a[int(x / 256) % 4 + 1] (j % 4 ? "" : " ") } print (l ? "Latu" : "Zukh") "\t" s } }' > long; head -2 long | cut -c1-30
Zukh	zhko tutumiko bamibako tu
Latu	thmi mitumiko mimimimi ko
$ recur train long --quiet --task classify --hidden 16 --batch 16 --epochs 6 --lr 0.02 -o g | sed -E 's/accuracy 0\.[4-7][0-9]*.*/too little/'
too little
$ recur train long --quiet --task classify --bidirectional --hidden 16 --batch 16 --epochs 6 --lr 0.02 -o g | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on held-out data

# A word's label depends on the word behind it: no forward model can know it.
$ awk 'BEGIN { split("pa po Ki ko lu to sa du ne ro", w, " "); for (i = 0; i < 400; i++) { x = (x * 69069 + 1) % 65536; n = int(x / 256) % 8 + 1; for (j = 1; j <= n; j++) { x = (x * 69069 + 1) % 65536; s[j] = w[int(x / 64) % 10 + 1] } for (j = 1; j <= n; j++) print s[j] " x " (j < n && s[j + 1] ~ /o$/ ? "B-R" : "O"); print "" } }' > words; head -4 words
to x O
ko x B-R
po x B-R
$ recur train words --quiet --task tag --hidden 16 --embed 8 --char-hidden 6 --batch 16 --epochs 6 --lr 0.02 -o f | sed -E 's/accuracy 0\.[5-8][0-9]*.*/too little/'
too little
$ recur train words --quiet --task tag --bidirectional --hidden 16 --embed 8 --char-hidden 6 --batch 16 --epochs 6 --lr 0.02 -o t | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on held-out data
$ recur train words --quiet --task tag --bidirectional --crf --hidden 16 --embed 8 --char-hidden 6 --batch 16 --epochs 6 --lr 0.02 -o r | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on held-out data
$ recur eval -m r words | sed -E 's/^loss .*/loss N/'
sentences           400
words               1782
loss N
accuracy            1.0000
scheme              BIO (IOB2)
precision           1.0000
recall              1.0000
f1                  1.0000
spans            precision    recall        f1   in data predicted
R                   1.0000    1.0000    1.0000       563       563
$ printf 'pa\npo\n\nKi\n' | recur predict -m r -
pa B-R
po O
Ki O
$ printf 'pa\tany\npo\tany\n' | recur predict -m t - | tr '\t' '|'
pa|any|B-R
po|any|O
$ recur info r | sed -n '1p;/^labels/,/^$/p'; recur info r | grep -c '^crf\.\|^chars\.'
r: lstm 16, tags words with 2 labels (crf), both directions (concat), embedding 8, characters 25 into 6, 7881 parameters
labels: 2
 "O" "B-R"
12
$ for t in 1 2 3; do recur train words --quiet --task tag --bidirectional --crf --hidden 16 --embed 8 --char-hidden 6 --batch 16 --epochs 1 --threads $t -o same$t > out; done; cmp same1 same2 && cmp same1 same3 && echo same
same
$ printf 'pa B-R\npo O\n\n' > few; recur eval -m r few | sed -n '2p;4p'
words               2
accuracy            1.0000

# Taken up again from a checkpoint: the same model, results and log; longer, as if from the start.
$ recur train words --quiet --task tag --bidirectional --crf --hidden 8 --embed 8 --char-hidden 4 --batch 16 --dropout 0.1 --epochs 2 -o run --log run.log --checkpoint-every 10 > out; cp run whole; cp run.log log2; cp run.checkpoint.safetensors end; rm run; recur train --resume end -o run --log run.log --threads 1 > again; cmp run whole; cmp out again; cmp run.log log2
$ recur train words --quiet --task tag --bidirectional --crf --hidden 8 --embed 8 --char-hidden 4 --batch 16 --dropout 0.1 --epochs 4 -o longer --log log4 > out; recur train --resume end -o run --log run.log --epochs 4 > out; cmp run longer; for f in run.log log4; do sed -E 's/"(tokens_per_second|seconds)": [0-9.e+]+//g' $f > $f.N; done; cmp run.log.N log4.N; grep -c valid_f1 run.log
4
$ recur train --resume end -o run --log run.log --predict a --epochs 3
! recur train: --predict needs --task lm, got tag
[2]
$ recur train --resume end -o run --log run.log --predict-every 1 --epochs 3
! recur train: --predict-every needs --task lm, got tag
[2]
$ recur train words --quiet --task tag --hidden 8 --epochs 1 --report report > out; grep -oE '"(compute_precision|precision)": ("f32"|[0-9])' report
"compute_precision": "f32"
"precision": 0
$ recur train lines --quiet --task classify --tokens word --pool max --hidden 8 --batch 16 --min-freq 2 --epochs 2 -o run --checkpoint-every 10 > out; cp run whole; cp run.checkpoint.safetensors text; recur train lines --resume text -o run --task classify > again; cmp run whole; cmp out again; recur train lines --quiet --task classify --tokens word --pool max --hidden 8 --batch 16 --min-freq 2 --epochs 3 -o longer > out; recur train --resume text -o run --epochs 3 > out; cmp run longer
$ recur info end | sed -nE '/^history/,$s/[0-9]+[.][0-9]+/N/gp'
       1     N       N           N       N
       2     N       N           N       N
$ recur predict -m end few | wc -l
3
# Other words, another label set, another order, fewer sentences.
$ for c in s/^Ki/Kj/ s/B-R/B-Q/ '1{h;d};2{G;h;s/.*\n//;x;s/\n.*//;G}' 1,50d; do sed "$c" words > other; cmp -s words other; recur train --resume end -o m --log log2 other; done
! recur train: the labelled texts are not those that the run began with: they have as many tokens, 1782, but others, or other labels
! recur train: the labelled texts are not those that the run began with: they have as many tokens, 1782, but others, or other labels
! recur train: the labelled texts are not those that the run began with: they have as many tokens, 1782, but others, or other labels
! recur train: the labelled texts are not those that the run began with: they have 1741 tokens, expected 1782
[1]
$ recur train --resume end --crf --hidden 9
! recur train: --hidden cannot change with --resume: the run in end was started with something else
[2]
$ recur train --resume text --task tag
! recur train: --task cannot change with --resume: the run in text was started with something else
[2]
$ recur train --resume text --pool mean
! recur train: --pool cannot change with --resume: the run in text was started with something else
[2]

# What a model never met.
$ printf 'Latu\tbako\nThird\tmitu\n' > third; recur eval -m c third | sed -n '1p;3p'
texts               2
accuracy            0.5000
! recur eval: warning: the model never met the label of 1 of 2 texts, which cannot be right
$ printf 'pa Q\n' | recur eval -m t -  | sed -n '2,3p'
words               1
accuracy            0.0000
! recur eval: warning: the model never met the label of 1 of 1 word, which cannot be right

# Labels line up by what a terminal shows of them, are cut at whole characters and do nothing to it.
$ printf '%b\n' '正面\ta' '非常负面的评价\tb' 'e\xcc\x81te\xcc\x81\tc' 'x31my\te' 'in forty columns only the last differs:1\tf' 'in forty columns only the last differs:2\tg' '许许多多许许多多许许多多许许多多许许多多多\th' > names; for i in 1 2 3 4 5 6 7 8; do cat names; done > wide; recur train wide --quiet --task classify --validation 0 --hidden 16 --batch 8 --epochs 60 --lr 0.05 -o w | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on training data
$ recur eval -m w wide | sed '1,/^macro f1/d'
confusion matrix: a row for each label of the data, a column for each prediction
                                               été in forty columns only the last differs:1 in forty columns only the last differs:2     x31my      正面 许许多多许许多多许许多多许许多多许许多… 非常负面的评价
été                                              8                                        0                                        0         0         0                                       0              0
in forty columns only the last differs:1         0                                        8                                        0         0         0                                       0              0
in forty columns only the last differs:2         0                                        0                                        8         0         0                                       0              0
x31my                                            0                                        0                                        0         8         0                                       0              0
正面                                             0                                        0                                        0         0         8                                       0              0
许许多多许许多多许许多多许许多多许许多…          0                                        0                                        0         0         0                                       8              0
非常负面的评价                                   0                                        0                                        0         0         0                                       0              8
$ printf '%b\n' 'a B-人名' 'b B-一个很长很长很长的名字' 'c B-x31m' 'd O' > named; for i in 1 2 3 4 5 6 7 8; do cat named named; echo; done > types; recur train types --quiet --task tag --validation 0 --hidden 16 --batch 8 --epochs 60 --lr 0.05 -o n | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on training data
$ recur eval -m n types | sed '1,/^f1/d'
spans                  precision    recall        f1   in data predicted
x31m                      1.0000    1.0000    1.0000        16        16
一个很长很长很长的名字    1.0000    1.0000    1.0000        16        16
人名                      1.0000    1.0000    1.0000        16        16

# One of everything.
$ printf 'pa O\n' > one; recur train one --task tag --validation 0 --epochs 1 --hidden 2 -o y 2>&1 | grep '^text\|^model'; recur eval -m y one | head -2
text   one: 1 sentence of 1 word, 2 in the vocabulary, 1 label
model  lstm 2, tags words with 1 label (softmax), embedding 100, characters 25 into 25, 11966 parameters
sentences           1
words               1
$ printf 'a\tb\na\tb\n' > one; recur train one --task classify --validation 0.5 --epochs 1 --hidden 2 -o y 2>&1 | grep '^text\|^model'; head -1 one | recur train - --task classify --validation 0 --epochs 1 -o y 2>&1 | grep '^text'
text   one: 2 texts of 2 tokens, 2 in the vocabulary, 1 label, 1 text held out
model  lstm 2, classifies texts with 1 label (pool final), one-hot input, 51 parameters
text   standard input: 1 text of 1 token, 2 in the vocabulary, 1 label
$ printf 'pa O\npa\n' | recur predict -m t -
! recur predict: standard input: line 2 has 1 column, but line 1 has 2; expected a word a line, in as many columns each
[1]
$ printf ' ' | recur vocab --tokens word --word-rule space -
! recur vocab: the text has no tokens (1 byte was read); all of it is white space
[1]
$ printf x > byte; recur info byte
! recur info: byte: not a safetensors file but a text: recur train makes a model of it
[1]

# Files that are not what they should be.
$ printf 'a\tb\nno tab\n' > bad; recur train bad --task classify
! recur train: bad: line 2 has no tab; expected label<TAB>text
[1]
$ printf 'a\tb\n\tno label\n' > bad; recur train bad --task classify
! recur train: bad: line 2 has no label before its tab; expected label<TAB>text
[1]
$ printf 'a\tb\n<unk>\tx\n' > bad; recur train bad --task classify
! recur train: bad: line 2: a label cannot be <unk>, which stands for labels that a model has not met
[1]
$ printf 'a\ta\na\0b\tx\na\0c\ty\n' > bad; recur train bad --task classify --validation 0 --quiet
! recur train: bad: line 2: the label "a\x00b" has a control character, which a label cannot have
[1]
$ printf 'a O\nb a\0b\n' > bad; recur train bad --task tag --validation 0 --quiet
! recur train: bad: line 2: the label "a\x00b" has a control character, which a label cannot have
[1]
# A label cannot act on a terminal or be another text than what it shows; where labels are not read, it counts as missing.
$ for l in 'a\e[2J' 'b\rx' 'c\u009b' 'd\u202ee' 'f\xff'; do printf "$l\tx\n" | recur train - --task classify; printf "x $l\n" | recur train - --task tag; done
! recur train: standard input: line 1: the label "a\x1B[2J" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "a\x1B[2J" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "b\rx" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "b\rx" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "c\u009B" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "c\u009B" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "d\u202Ee" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "d\u202Ee" has a control character, which a label cannot have
! recur train: standard input: line 1: the label "f\xFF" is not UTF-8
! recur train: standard input: line 1: the label "f\xFF" is not UTF-8
[1]
$ printf 'pos\tgood\nneg\tbad\n%.0s' $(seq 10) | recur train - --task classify --quiet --hidden 4 --epochs 1 -o plain > out; printf '\e[2Jlog\tgood\n<unk>\tgood\n' | recur predict -m plain - --top 1 | wc -l
2
# Columns of bytes that are no UTF-8 come back as they were.
$ printf 'a\xff\xfe X\nb Y\n\n%.0s' $(seq 10) > latin; recur train latin --task tag --quiet --hidden 4 --epochs 1 -o l > out; head -1 latin | recur predict -m l - | head -c 6 | od -An -tx1
 61 ff fe 20 58 20
! recur train: warning: latin: 20 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
! recur predict: warning: standard input: 2 byte sequences are not UTF-8 and were read as U+FFFD; if it is in another encoding, name that with --encoding
# Models that name labels like that.
$ printf 'ABCDEFGH\ta\nB\tb\n' > two; recur train two --quiet --task classify --validation 0 --hidden 4 --epochs 1 -o z > out; sed 's/ABCDEFGH/C\\\\u0000/' z > nul; sed 's/\\"ABCDEFGH\\"/         200/' z > byte; sed 's/ABCDEFGH/AB\\\\nCDE/' z > feed; sed 's/ABCDEFGH/AB\\\\tCDE/' z > tab; sed 's/ABCDEFGH/C\\\\u202e/' z > turned; for m in z nul byte feed tab turned; do printf 'a\n' | recur predict -m $m --json - | grep -c ABCDEFGH; done
1
0
0
0
0
0
! recur predict: nul: recur.labels: label 1, "C\x00", has a control character, which a label cannot have
! recur predict: byte: recur.labels: label 1, "\xC8", is not UTF-8
! recur predict: feed: recur.labels: label 1, "AB\nCDE", has a control character, which a label cannot have
! recur predict: tab: recur.labels: label 1, "AB\tCDE", has a control character, which a label cannot have
! recur predict: turned: recur.labels: label 1, "C\u202E", has a control character, which a label cannot have
[1]
# Columns and lines.
$ printf 'pa O\n\npa x O\n' > bad; recur train bad --task tag
! recur train: bad: line 3 has 3 columns, but line 1 has 2; expected a word a line, in as many columns each
[1]
$ printf 'pa\n' > bad; recur train bad --task tag
! recur train: bad: line 1 has 1 column; expected a word first and its label last
[1]
$ printf '\n\n' > bad; recur train bad --task tag
! recur train: bad: there is not one sentence to label
[1]
$ : > bad; recur train bad --task classify
! recur train: bad: there is not one text to label
[1]
$ printf 'a\tb\n' > bad; recur train bad --task classify
! recur train: 0.1 of 1 sequence is too little to hold out: at least 1 is needed; 0 holds none out
[1]
$ printf 'a\tb\xffc\nb\tc\n' > bad; recur train bad --task classify --validation 0 --epochs 1 --hidden 4 --quiet -o u | sed -E 's/[0-9.]+/N/g'
accuracy N, fN N on training data, N tokens/sec on cpu
! recur train: warning: bad: 1 byte sequence is not UTF-8 and was read as U+FFFD; if it is in another encoding, name that with --encoding
$ printf 'a\xff\tb\n' > bad; recur train bad --task classify --tokens byte --validation 0
! recur train: bad: line 1: the label "a\xFF" is not UTF-8
[1]
$ (printf 'a\t'; head -c 70000 /dev/zero | tr '\0' x; echo) > bad; recur train bad --task classify --validation 0
! recur train: bad: line 1: the text has 70000 tokens, more than the 65536 that a sequence may have; part it
[1]
$ recur predict -m c words2
! recur predict: cannot read words2: No such file or directory
[1]
$ recur predict -m t bad | tail -c 2 | od -An -c
   O  \n
$ printf '' | recur predict -m c -
$ printf ' \n\n' | recur predict -m t - | od -An -c; printf '' | recur predict -m r -
      \n  \n
$ recur predict -m t --json lines
! recur predict: --json is for texts, and the model, of the task tag, labels words
[2]
$ recur predict -m r --top 2 lines
! recur predict: --top is for texts, and the model, of the task tag, labels words
[2]

# Empty texts, and one token.
$ printf 'a\t\nb\tx\na\t\nb\tx\n' > empty; recur train empty --quiet --task classify --validation 0 --hidden 4 --epochs 60 --lr 0.05 -o e | sed -E 's/, [0-9.]+ tokens.*//'
accuracy 1.0000, f1 1.0000 on training data
$ printf '\nx\n' | recur predict -m e --top 1 - | cut -f1
a
b

# Other commands, and models of other tasks.
$ recur generate -m c -p ba
! recur generate: the model labels texts and predicts no tokens: recur predict puts it to use
[1]
$ recur generate -m c -p 'ba Ж'
! recur generate: the model labels texts and predicts no tokens: recur predict puts it to use
[1]
$ recur fill -m t b_
! recur fill: a model that labels words does not fill blanks; recur predict puts it to use
[1]
$ recur features -m t lines -o f.npy
! recur features: the model labels words and predicts no tokens: recur predict puts it to use
[1]
$ printf 'Latu\tba ko\nLatu\tmi\n' > one; recur train one --quiet --task classify --hidden 4 --epochs 1 --validation 0 -o m > out
! recur train: warning: every text to learn from has the label "Latu": there is nothing to tell apart
$ printf 'ba\tA\nko\tA\n\nmi\tA\n' > one; recur train one --quiet --task tag --hidden 4 --epochs 1 --validation 0 -o m > out
! recur train: warning: every word to learn from has the label "A": there is nothing to tell apart
$ recur convert c c.onnx
! recur convert: the model labels texts: its labels and its parts are what onnx does not express
[1]
$ recur train --quiet --hidden 4 --epochs 1 -o lm > out; recur predict -m lm lines
! recur predict: the model is of the task lm, which labels nothing; train one with --task tag or classify
[1]
$ recur train --task tag
! recur train: --task tag needs a TEXT: words a line, each with its label in the last column
[2]
$ recur train --task classify
! recur train: --task classify needs a TEXT: lines of label<TAB>text
[2]
$ printf 'a\tb\n' | recur train --task classify
! recur train: --task classify needs a TEXT: lines of label<TAB>text
[2]
$ recur train lines --task classify --crf
! recur train: --crf needs --task tag, got classify
[2]
$ recur train words --task tag --steps 5
! recur train: --steps needs --task lm or fill, got tag
[2]
$ recur train words --task tag --tokens char
! recur train: --tokens needs --task lm, fill or classify, got tag
[2]
$ recur train words --task tag --preset d2l-gru
! recur train: --preset needs --task lm or fill, got tag
[2]
$ recur train lines --task lm --pool mean
! recur train: --pool needs --task classify, got lm
[2]
