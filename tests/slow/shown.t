# A run of one epoch that takes long shows what the model makes of the text before the epoch ends, and where it is.

$ yes 'so many words of a text that is long enough for a while' | head -c 30000000 > text; recur train text --hidden 64 --epochs 1 --threads 1 -o m 2> err > out & until grep -q '^  so many' err; do sleep 0.1; done; kill -INT $!; wait $!; grep -B1 '^  so many' err | head -2 | sed -E 's/[0-9]+\.[0-9]+/N/; s/[0-9]+ tokens/N tokens/; s/[0-9]+:[0-9]+ left/M:SS left/; s/minibatch [0-9]+/minibatch N/; s/^(  so many).*/\1.../'; sed -n '1s/[0-9]*\.[0-9]*/N/gp' out
epoch 1/1  minibatch N/24107  perplexity N  N tokens/s  M:SS left
  so many...
perplexity N, N tokens/sec on cpu (training text, epoch 1)
