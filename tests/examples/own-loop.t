# A training loop of one's own learns; chance would be 0.17.

$ $EXAMPLES/own_loop 100 | sed 's/0\.[0-9]*/N/'
step  100: mean squared error N
$ $EXAMPLES/own_loop 1000 > log; wc -l < log; tail -1 log | sed 's/0\.00[0-9]*/below 0.01/'
10
step 1000: mean squared error below 0.01
