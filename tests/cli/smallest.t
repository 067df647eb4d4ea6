# The smallest of everything: widths of 1, one sequence of one step, one label, one word.
$ printf abababababababababababababababababab > text; for c in rnn gru gru-reset-before lstm ln-lstm ln-gru; do recur train text --quiet --cell $c --hidden 1,2,1 --embed 1 --batch 1 --steps 1 --epochs 2 --dropout 0.1 --threads 1 --checkpoint-every 9 -o $c > out && recur train text --quiet --cell $c --hidden 1,2,1 --embed 1 --batch 1 --steps 1 --epochs 1 --dropout 0.1 --threads 2 --checkpoint-every 9 -o half > out && recur train --resume half.checkpoint.safetensors --epochs 2 --quiet > out && cmp half $c && recur info half | head -1; done
half: rnn tanh 1,2,1, embedding 1, dropout 0.1, 28 parameters
half: gru 1,2,1, embedding 1, dropout 0.1, 66 parameters
half: gru-reset-before 1,2,1, embedding 1, dropout 0.1, 66 parameters
half: lstm 1,2,1, embedding 1, dropout 0.1, 85 parameters
half: ln-lstm 1,2,1, embedding 1, dropout 0.1, 125 parameters
half: ln-gru 1,2,1, embedding 1, dropout 0.1, 90 parameters
$ for c in rnn gru gru-reset-before lstm ln-lstm ln-gru; do recur eval -m $c text | head -1; recur generate -m $c -p a -n 1 -s 1 | wc -c; recur features -m $c text -o f.npy; recur convert $c back && cmp $c back; done
tokens              35
3
back (recur): rnn tanh 1,2,1, embedding 1, dropout 0.1, 28 parameters
tokens              35
3
back (recur): gru 1,2,1, embedding 1, dropout 0.1, 66 parameters
tokens              35
3
back (recur): gru-reset-before 1,2,1, embedding 1, dropout 0.1, 66 parameters
tokens              35
3
back (recur): lstm 1,2,1, embedding 1, dropout 0.1, 85 parameters
tokens              35
3
back (recur): ln-lstm 1,2,1, embedding 1, dropout 0.1, 125 parameters
tokens              35
3
back (recur): ln-gru 1,2,1, embedding 1, dropout 0.1, 90 parameters
! 36 tokens x 1 number of layer 3 in f.npy
! 36 tokens x 1 number of layer 3 in f.npy
! 36 tokens x 1 number of layer 3 in f.npy
! 36 tokens x 1 number of layer 3 in f.npy
! 36 tokens x 1 number of layer 3 in f.npy
! 36 tokens x 1 number of layer 3 in f.npy
$ for c in gru lstm ln-lstm; do for q in bf16 int8; do recur convert --quantize $q $c small; recur generate -m small -n 1 -s 1 | wc -c; recur eval -m small text | head -1; done; done
small (recur): gru 1,2,1, embedding 1, quantised to bf16, dropout 0.1, 66 parameters
2
tokens              35
small (recur): gru 1,2,1, embedding 1, quantised to int8, dropout 0.1, 66 parameters
2
tokens              35
small (recur): lstm 1,2,1, embedding 1, quantised to bf16, dropout 0.1, 85 parameters
2
tokens              35
small (recur): lstm 1,2,1, embedding 1, quantised to int8, dropout 0.1, 85 parameters
2
tokens              35
small (recur): ln-lstm 1,2,1, embedding 1, quantised to bf16, dropout 0.1, 125 parameters
2
tokens              35
small (recur): ln-lstm 1,2,1, embedding 1, quantised to int8, dropout 0.1, 125 parameters
2
tokens              35
$ for m in concat sum; do recur train text --quiet --task fill --bidirectional --merge $m --hidden 1 --batch 1 --steps 1 --epochs 1 -o fill > out; recur fill -m fill _ | wc -c; recur eval -m fill text | head -1; recur features -m fill text -o f.npy; done
2
tokens              36
2
tokens              36
! 36 tokens x 2 numbers of layer 1 in f.npy
! 36 tokens x 2 numbers of layer 1 in f.npy

# One of a thing.
$ printf ab > two; recur train two --quiet --hidden 1 --batch 1 --steps 1 --epochs 1 --validation 0 -o two.model | head -1 | cut -d' ' -f1; recur eval -m two.model two | head -1
perplexity
tokens              1
$ printf a > one; recur eval -m two.model one
! recur eval: the text has 1 token, but evaluation needs at least 2
[1]
$ recur features -m two.model one -o f.npy
! 1 token x 1 number of layer 1 in f.npy
$ printf 'a x\n' > word; recur train word --task tag --crf --hidden 1 --embed 1 --char-hidden 1 --char-embed 1 --batch 1 --epochs 1 --validation 0 -o tag > out 2> said; head -3 said
recur train: warning: every word to learn from has the label "x": there is nothing to tell apart
text   word: 1 sentence of 1 word, 2 in the vocabulary, 1 label
model  lstm 1, tags words with 1 label (crf), embedding 1, characters 1 into 1, 93 parameters
$ printf 'b\n' | recur predict -m tag -; recur eval -m tag word | head -2
b x
sentences           1
words               1
$ printf 'x\ta\n' > line; recur train line --task classify --bidirectional --hidden 1 --batch 1 --epochs 1 --validation 0 -o class > out 2> said; head -3 said
recur train: warning: every text to learn from has the label "x": there is nothing to tell apart
text   line: 1 text of 1 token, 2 in the vocabulary, 1 label
model  lstm 1, classifies texts with 1 label (pool final), both directions (concat), one-hot input, 43 parameters
$ printf 'b\n\n' | recur predict -m class -; recur eval -m class line | head -1
x	1.0000
x	1.0000
texts               1
$ printf 'x\t\n' > nothing; recur train nothing --task classify --hidden 1 --batch 1 --epochs 1 --validation 0 --quiet -o empty | cut -d, -f1; recur info empty | grep vocabulary
accuracy 1.0000
vocabulary: 1 entry, tokens char, clean none
! recur train: warning: every text to learn from has the label "x": there is nothing to tell apart
$ recur train line --task classify --hidden 1
! recur train: 0.1 of 1 sequence is too little to hold out: at least 1 is needed; 0 holds none out
[1]
$ recur train text --quiet --cell rnn --hidden 1 --embed 1 --batch 1 --epochs 1 --validation 0 -o rnn > out; recur convert --to pytorch-bare rnn bare; recur convert --activation tanh --inputs 1 bare numbers; recur convert --activation tanh --inputs 2 bare numbers
bare (pytorch-bare): rnn tanh 1, 4 of the model's 13 parameters
numbers (recur): rnn tanh 1, reads 1 number, 4 parameters
! recur convert: bare: layer 0 reads 1 number a step, not 2
[2]
