# Labelled texts as people write them: which columns, headers, comments, plain sentences, and what is doubted.

$ echo 'recur train "$1" --quiet --validation 0 --hidden 16 --epochs 40 --batch 8 --lr 0.05 -o "$1.m" "${@:2}" | sed -E "s/, [0-9.]+ tokens.*//"' > learn

# An index column, also where a model is put to use: it remembers its columns.
$ printf '1 Ann B-PER\n2 ran O\n\n1 Bob B-PER\n2 sat O\n\n%.0s' {1..20} > index; . ./learn index --task tag
accuracy 1.0000, f1 1.0000 on training data
! recur train: warning: index: column 1, read as the words, only counts them; --word-column 2 takes the words from column 2
$ . ./learn index --task tag --word-column 2; recur info index.m --json | grep -o '"word_column": 2'; printf '1 Ann\n2 sat\n' | recur predict -m index.m -; recur eval -m index.m index | grep accuracy; printf 'Bob\nran\n' | recur predict -m index.m --word-column 1 -
accuracy 1.0000, f1 1.0000 on training data
"word_column": 2
1 Ann B-PER
2 sat O
accuracy            1.0000
Bob B-PER
ran O
$ printf 'Bob\nran\n' | recur predict -m index.m -
! recur predict: standard input: line 1 has 1 column; expected the word in column 2, unless another one is named
[1]
$ printf 'O ran x\nB-PER Ann y\n\n%.0s' {1..20} > first; . ./learn first --task tag --word-column 2 --label-column 1; recur eval -m first.m first --json | grep -o '"scheme": "[a-z]*"'; recur eval -m first.m --word-column 1 --label-column 3 first 2>&1 | head -1
accuracy 1.0000, f1 1.0000 on training data
"scheme": "bio"
recur eval: warning: the model never met the labels of 40 of 40 words, which cannot be right
# A header, swapped columns, numbers for labels.
$ (printf 'label\ttext\n'; printf 'pos\tgood\nneg\tbad\n%.0s' {1..20}) > header; . ./learn header --task classify
accuracy 1.0000, f1 1.0000 on training data
! recur train: warning: header: the first line, whose label is "label", seems to name the columns; --header leaves it out
$ . ./learn header --task classify --header; recur info header.m | grep -A1 ^labels; recur eval -m header.m --header header | head -1; recur eval -m header.m header | head -1
accuracy 1.0000, f1 1.0000 on training data
labels: 2
 "pos" "neg"
texts               40
texts               41
! recur eval: warning: header: the first line, whose label is "label", seems to name the columns; --header leaves it out
! recur eval: warning: the model never met the label of 1 of 41 texts, which cannot be right
$ for i in {1..40}; do printf 'text %d is good\tpos\ntext %d is bad\tneg\n' $i $i; done > swapped; . ./learn swapped --task classify --epochs 1 | grep -c accuracy
1
! recur train: warning: swapped: 80 different labels for 2 different texts: are the columns swapped? --label-column 2 reads them the other way round
$ . ./learn swapped --task classify --tokens word --label-column 2; printf 'text 3 is bad\n' | recur predict -m swapped.m --top 1 - | cut -f1; recur eval -m swapped.m swapped | grep ^acc
accuracy 1.0000, f1 1.0000 on training data
neg
accuracy            1.0000
$ for i in {1..40}; do printf '%d\tgood\tpos\n%d\tbad\tneg\n' $((2 * i - 1)) $((2 * i)); done > ids; . ./learn ids --task classify --epochs 1 | grep -c accuracy; . ./learn ids --task classify --label-column 3 --text-column 2; recur info ids.m --json | grep -o '"word_column": 2, "label_column": 3'
1
accuracy 1.0000, f1 1.0000 on training data
"word_column": 2, "label_column": 3
! recur train: warning: ids: the labels only count the texts; --label-column 2 --text-column 3 take both from the columns behind
$ for i in {1..40}; do printf 'O word%d\n\n' $i; done > crossed; . ./learn crossed --task tag --epochs 1 | grep -c accuracy
1
! recur train: warning: crossed: 40 different labels for 1 different word: are the columns swapped? --word-column 2 --label-column 1 reads them the other way round
# A file without a blank line; labels that differ in case alone.
$ printf 'a O\nb B-X\n. O\n%.0s' {1..40} > unbroken; . ./learn unbroken --task tag
accuracy 1.0000, f1 1.0000 on training data
! recur train: warning: unbroken: without a blank line its 120 words are one sentence; --sentence-end .,!,? ends one behind each of these words
$ . ./learn unbroken --task tag --sentence-end .; recur eval -m unbroken.m unbroken 2>&1 | head -2; recur eval -m unbroken.m --sentence-end .,! unbroken | head -1
accuracy 1.0000, f1 1.0000 on training data
recur eval: warning: unbroken: without a blank line its 120 words are one sentence; --sentence-end .,!,? ends one behind each of these words
sentences           1
sentences           40
$ printf 'a B-x\nb B-X\n\n%.0s' {1..5} > alike; . ./learn alike --task tag
accuracy 1.0000, f1 1.0000 on training data
! recur train: warning: alike: the labels "B-x" and "B-X", which differ in case or width alone, count as two
$ printf 'GOOD\tx\nbad\ty\n%.0s' {1..5} > upper; . ./learn upper --task classify; tr GOD god < upper > lower; recur eval -m upper.m lower | grep ^acc
accuracy 1.0000, f1 1.0000 on training data
accuracy            0.5000
! recur eval: warning: lower: the labels "good" and "GOOD", which differ in case or width alone, count as two
! recur eval: warning: the model never met the labels of 5 of 10 texts, which cannot be right
$ printf 'pos \tgood\npos\t fine\n neg\tbad\n%.0s' {1..20} > spaces; . ./learn spaces --task classify; recur info spaces.m | grep -A1 ^labels
accuracy 1.0000, f1 1.0000 on training data
labels: 2
 "pos" "neg"
$ printf 'it was a good film\tpos\nit was a bad film\tneg\n%.0s' {1..20} > whole; . ./learn whole --task tag --epochs 1 2>&1 | head -2
recur train: warning: whole: 40 of its 40 words have spaces in them, and each has one label; where they are texts, --task classify learns them
accuracy 1.0000 on training data

# Columns come back with every line as it was; plain sentences word by word.
$ printf '# a comment\n\n\na O\r\nb B-X\r\n\n\n# another comment here\n-DOCSTART- -X-\n\na O\n\n' > lines; recur predict -m unbroken.m lines > back; diff <(sed -E 's/ (O|B-X)(\r?)$/\2/' back) lines; sed -n 4,5p back | tr '\r' R
a O OR
b B-X B-XR
$ printf 'a b a .\na b\n' | recur predict -m unbroken.m -; printf 'a b .' | recur predict -m unbroken.m --layout columns -; printf 'a zz\n' | recur predict -m unbroken.m --layout sentences -
a O
b B-X
a O
. O
a O
b B-X
a b . O
a O
zz B-X
$ printf 'a b a .\na b\n' | recur eval -m unbroken.m -
! recur eval: standard input: line 1 is a plain sentence: it has no labels to compare with
[1]
$ printf '我 O\n爱 O\n北 B-LOC\n京 I-LOC\n\n%.0s' {1..20} > han; . ./learn han --task tag; printf '我爱北京\n北京\n' | recur predict -m han.m -
accuracy 1.0000, f1 1.0000 on training data
我 O
爱 O
北 B-LOC
京 I-LOC
北 B-LOC
京 I-LOC
$ printf '# sent_id = 1\n1-2\tal\t_\t_\t_\t_\t_\t_\t_\t_\n1\ta\ta\tADP\tP\t_\t0\troot\t_\t_\n2\tel\tel\tDET\tD\t_\t1\tdet\t_\t_\n2.1\tx\tx\tVERB\t_\t_\t_\t_\t_\t_\n\n%.0s' {1..20} > ud; recur train ud --task tag --validation 0 --hidden 16 --epochs 40 --batch 8 --lr 0.05 -o ud.m 2>&1 | grep '^text'; recur eval -m ud.m ud | sed -n '1,2p;4,$p'; recur predict -m ud.m ud > back; cmp ud back; sed 's/ADP/_/;s/DET/_/' ud | recur predict -m ud.m - > back; cmp ud back
text   ud: 20 sentences of 40 words, 3 in the vocabulary, 2 labels, CoNLL-U
sentences           20
words               40
accuracy            1.0000
$ printf '1\t1\t_\tADP\t_\t_\t_\t_\t_\t_\n2\t2\t_\tDET\t_\t_\t_\t_\t_\t_\n\n%.0s' {1..2} | recur eval -m ud.m - | head -1
sentences           2
! recur eval: warning: standard input: column 2, read as the words, only counts them; --word-column 3 takes the words from column 3
$ printf '1\ta\n2\tel\n' | recur predict -m ud.m --layout conllu -; printf '1 a _ _\n2 el _ _\n' | recur predict -m ud.m --layout conllu -
1	a	ADP
2	el	DET
1 a _ _ ADP
2 el _ _ DET
$ . ./learn ud --task tag --label-column 5; recur info ud.m | grep -A1 ^labels; recur info ud.m --json | grep -o '"label_column": 5'; recur predict -m ud.m ud > back; cmp ud back
accuracy 1.0000 on training data
labels: 2
 "P" "D"
"label_column": 5

# Honest data of the usual kinds is read without a word.
$ printf -- '-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\n1996 CD B-NP O\n. . O O\n\n%.0s' {1..20} > conll03; . ./learn conll03 --task tag; recur eval -m conll03.m conll03 | head -1; for c in 1 1,2 1-3; do cut -d' ' -f$c conll03 | recur predict -m conll03.m - | grep -c 'EU.* B-ORG'; done
accuracy 1.0000, f1 1.0000 on training data
sentences           20
20
20
20
$ printf 'Confidence NN B-NP\nin IN B-PP\nthe DT B-NP\npound NN I-NP\n. . O\n\n%.0s' {1..20} > conll00; . ./learn conll00 --task tag; cut -d' ' -f1,2 conll00 | recur predict -m conll00.m - | head -1; echo 'Confidence in the pound .' | recur predict -m conll00.m - | head -1
accuracy 1.0000, f1 1.0000 on training data
Confidence NN B-NP
Confidence B-NP
$ printf '0\ta good film\n1\ta bad film\n%.0s' {1..20} > sst; . ./learn sst --task classify --tokens word; printf 'a bad film\n' | recur predict -m sst.m --top 1 - | cut -f1
accuracy 1.0000, f1 1.0000 on training data
1
$ printf '__label__pos a film\n' > fasttext; recur train fasttext --task classify; sed 's/^__label__\([^ ]*\) /\1\t/' fasttext
pos	a film
! recur train: fasttext: line 1 has no tab; expected label<TAB>text, which fastText's lines become with sed 's/^__label__\([^ ]*\) /\1\t/'

# A run that goes on reads its text as it began.
$ recur train index --task tag --word-column 2 --quiet --hidden 8 --epochs 1 --checkpoint-every 100 -o r > out; cp r whole; recur train --resume r.checkpoint.safetensors --epochs 2 > out; recur train index --task tag --word-column 2 --quiet --hidden 8 --epochs 2 -o w > out; cmp r w
$ recur train --resume r.checkpoint.safetensors --word-column 1
! recur train: --word-column cannot change with --resume: the run in r.checkpoint.safetensors was started with something else
[2]
# What does not go together.
$ recur train index --task tag --word-column 3 --label-column 3
! recur train: column 3 cannot be both the word and its label
[2]
$ recur train index --task tag --text-column 2
! recur train: --text-column needs --task classify, got tag
[2]
$ recur train index --header
! recur train: --header needs --task tag or classify, got lm
[2]
$ recur eval -m sst.m --sentence-end . sst
! recur eval: --sentence-end is for models that label words, and this one is of the task classify
[2]
$ recur predict -m sst.m --layout sentences sst
! recur predict: --layout is for models that label words, and this one is of the task classify
[2]
$ recur predict -m conll00.m --text-column 1 conll00
! recur predict: --text-column is for models that label texts, and this one is of the task tag
[2]
$ recur eval -m conll00.m --word-column 0 conll00
! recur eval: --word-column must be a whole number from 1 to 1000000, got "0"
[2]
$ recur train index --task tag --word-column 4
! recur train: index: line 1 has 3 columns; expected the word in column 4 and its label in another, unless another one is named
[1]
$ recur train index --task tag --label-column 5
! recur train: index: line 1 has 3 columns; expected the word in column 1 and its label in column 5, unless others are named
[1]
