# Words by Unicode's boundaries, through every command that reads or writes text.
$ printf '\342\200\234Red (a), blue.\342\200\235\r\n\n  \344\275\240\345\245\275, x=3.14!\n%.0s' $(seq 30) > text; recur vocab --tokens word --word-rule unicode --json text | grep -o '"token": "[^"]*"' | cut -c 10- | tr '\n' ' '
"<unk>" "," "\n" "“" "Red" "(" "a" ")" "blue" "." "”" "\r\n" "  " "你" "好" "x" "=" "3.14" "!" 
$ recur vocab --tokens word --word-rule unicode text | sed -n 6,8p
       你好, x=3.14!
3. Tokens (word): 600
     ["“", "Red", "(", "a", ")", ",", "blue", ".", "”", "\r\n"]
$ recur vocab --tokens word --word-rule space text | sed -n 6,8p
       你好, x=3.14!
3. Tokens (word): 150
     ["“Red", "(a),", "blue.”"]
$ recur train text --quiet --tokens word --word-rule unicode --hidden 24 --batch 4 --steps 17 --epochs 30 --lr 0.03 --validation 0 --checkpoint-every 40 -o m > out; for t in 1 3; do recur train text --quiet --threads $t --tokens word --word-rule unicode --hidden 24 --batch 4 --steps 17 --epochs 30 --lr 0.03 --validation 0 -o m$t > out; cmp m m$t; done
$ recur info m | grep ^vocab; recur info m | grep -o 'word-rule.*'
vocabulary: 19 entries, tokens word, word rule unicode, clean none
word-rule unicode --hidden 24 --batch 4 --steps 17 --lr 0.03 --epochs 30 --validation 0 text
$ recur generate -m m -p 'Red ' -n 20 --temp 0 | head -c 44 | cmp - <(head -c 47 text | tail -c +4)
$ recur generate -m m -p 'Red' -n 3 --temp 0; recur generate -m m -p 'Red (' -n 3 --temp 0
Red (a)
Red (a),
$ printf 'Red (a), blue.' | recur eval -m m - | sed -E 's/[0-9]+\.[0-9]+/N/'
tokens              6
loss                N nats per token
perplexity          N
bits per character  N
$ recur train text --quiet --tokens word --word-rule unicode --task fill --bidirectional --hidden 16 --batch 4 --steps 17 --epochs 30 --lr 0.03 -o f > out; recur fill -m f $'\342\200\234Red (_), _.\342\200\235'; recur fill -m f 'Red_'
“Red (a), blue.”
! recur fill: 1 of the text's 1 blank is not a token: a model of words fills whole words
[1]
$ recur train text --quiet --clean letters --tokens word --hidden 4 --batch 2 --steps 5 --epochs 1 -o b > out; recur info b | grep ^vocab
vocabulary: 5 entries, tokens word, word rule space, clean letters
# A store and the run that learns it name the rule as well.
$ for rule in unicode space; do recur tokenize --tokens word --word-rule $rule text -o store-$rule > out; recur info store-$rule | grep ^vocab; recur info --json store-$rule | grep -o '"word_rule": "[a-z]*"'; for from in text store-$rule; do recur train --tokens word --word-rule $rule $from --hidden 4 --batch 2 --steps 5 --epochs 1 -o s 2>&1 | grep ^text; done; done
vocabulary: 19 entries, tokens word, word rule unicode, clean none
"word_rule": "unicode"
text   text: 600 tokens (word, word rule unicode), 19 in the vocabulary, 60 held out
text   store-unicode: 600 tokens (word, word rule unicode), 19 in the vocabulary, 60 held out
vocabulary: 6 entries, tokens word, word rule space, clean none
"word_rule": "space"
text   text: 150 tokens (word, word rule space), 6 in the vocabulary, 15 held out
text   store-space: 150 tokens (word, word rule space), 6 in the vocabulary, 15 held out
$ recur train text --word-rule space
! recur train: --word-rule needs --tokens word, got char
[2]
$ recur train text --tokens word --word-rule lines
! recur train: --word-rule must be one of space, unicode, got "lines"
[2]
