# Spans, whatever scheme their labels are of, and labels that are no spans.

# Words that say what their label is: a model learns them, so that every label is right.
$ tagger() { recur train "$1" --quiet --task tag --validation 0 --hidden 16 --embed 8 --char-hidden 0 --epochs 30 --batch 8 --lr 0.05 -o "$1.m" | sed -E 's/, [0-9.]+ tokens.*//'; recur eval -m "$1.m" "$1" | sed -nE '/^scheme|^f1/p;/^spans/,$p'; }; declare -f tagger > tagger
$ . ./tagger; printf 'a U-LOC\nb U-LOC\nc O\n\n%.0s' {1..40} > bilou; tagger bilou
accuracy 1.0000, f1 1.0000 on training data
scheme              BILOU
f1                  1.0000
spans            precision    recall        f1   in data predicted
LOC                 1.0000    1.0000    1.0000        80        80
$ . ./tagger; printf 'a LOC-B\nb LOC-I\nc PER-B\n\n%.0s' {1..40} > suffix; tagger suffix
accuracy 1.0000, f1 1.0000 on training data
scheme              BIO (IOB2), behind the type
f1                  1.0000
spans            precision    recall        f1   in data predicted
LOC                 1.0000    1.0000    1.0000        40        40
PER                 1.0000    1.0000    1.0000        40        40
$ . ./tagger; printf 'a I-A\nb I-A\nc B-A\nd O\n\n%.0s' {1..40} > iob1; tagger iob1
accuracy 1.0000, f1 1.0000 on training data
scheme              IOB1
f1                  1.0000
spans            precision    recall        f1   in data predicted
A                   1.0000    1.0000    1.0000        80        80
$ . ./tagger; printf '我 B\n爱 S\n北 B\n京 M\n城 E\n\n%.0s' {1..40} > cut; tagger cut
accuracy 1.0000, f1 1.0000 on training data
scheme              BMES
f1                  1.0000
spans            precision    recall        f1   in data predicted
_                   1.0000    1.0000    1.0000       120       120
# The parts of speech of two treebanks: accuracy alone, also while training.
$ . ./tagger; printf 'a NN-SG\nb -LRB-\nc VB\n\n%.0s' {1..40} > pos; tagger pos
accuracy 1.0000 on training data
$ . ./tagger; recur train pos --quiet --task tag --hidden 8 --epochs 2 -o p.m --log log --report report > out; grep -c '"valid_f1": null' log; grep -o '"f1": null' report; grep -c valid_accuracy log; recur eval -m p.m pos --json | grep -o '"scheme.*'
2
"f1": null
2
"scheme": null, "suffix": false, "spans": []}
$ recur eval -m suffix.m suffix --json | grep -o '"scheme.*'
"scheme": "bio", "suffix": true, "spans": [{"type": "LOC", "count": 40, "predicted": 40, "right": 40}, {"type": "PER", "count": 40, "predicted": 40, "right": 40}]}
# The scheme of the user's choice, and labels that it lacks.
$ recur eval -m bilou.m bilou --scheme none | tail -n +4
accuracy            1.0000
$ recur eval -m iob1.m iob1 --scheme iob2 | grep scheme; recur eval -m bilou.m bilou --scheme iobes | sed -n '/scheme/p;/^spans/,$p'
scheme              BIO (IOB2)
scheme              BIOES (IOBES)
! recur eval: warning: 80 of 120 words have a label that the scheme bioes lacks and that counts as O; --scheme none counts no spans
$ printf 'a U-LOC\nb 0\n\n%.0s' {1..40} > zero; recur eval -m bilou.m zero | grep -c scheme
0
! recur eval: warning: the model never met the labels of 40 of 80 words, which cannot be right
[1]
$ (cat bilou; printf 'a 0\n\n') > zero; recur eval -m bilou.m zero | grep scheme
scheme              BILOU
! recur eval: warning: the model never met the label of 1 of 121 words, which cannot be right
! recur eval: warning: 1 of 121 words has a label that the scheme bilou lacks and that counts as O; --scheme none counts no spans
$ recur eval -m bilou.m bilou --scheme BIO
! recur eval: --scheme must be one of auto, none, bio, iob1, iob2, ioe, bioes, iobes, bilou, bmes, got "BIO"
[2]
$ printf 'a\tx\nb\ty\n' > two; recur train two --quiet --task classify --validation 0 --hidden 4 --epochs 1 -o c > out; recur eval -m c two --scheme bio
! recur eval: --scheme is for models that label words, and this one is of the task classify
[2]
