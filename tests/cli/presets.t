# The D2L tutorial's runs, cut short; the speed and the text differ from machine to machine.
# needs: test -f "$RECUR_DATA/timemachine.txt"

$ for p in d2l-rnn-scratch d2l-rnn d2l-gru d2l-lstm d2l-deep-lstm; do recur train --preset $p --epochs 1 --quiet > out; wc -l < out; recur info | head -1; recur info --json | grep -o '"vocabulary": 28, "biases": [12], "dropout": 0.0, "init": "[a-z]*"'; done
3
model.safetensors: rnn tanh 512, one-hot input, 291356 parameters
"vocabulary": 28, "biases": 1, "dropout": 0.0, "init": "normal"
3
model.safetensors: rnn tanh 256, one-hot input, 80412 parameters
"vocabulary": 28, "biases": 2, "dropout": 0.0, "init": "uniform"
3
model.safetensors: gru 256, one-hot input, 226844 parameters
"vocabulary": 28, "biases": 2, "dropout": 0.0, "init": "uniform"
3
model.safetensors: lstm 256, one-hot input, 300060 parameters
"vocabulary": 28, "biases": 2, "dropout": 0.0, "init": "uniform"
3
model.safetensors: lstm 256,256, one-hot input, 826396 parameters
"vocabulary": 28, "biases": 2, "dropout": 0.0, "init": "uniform"
$ recur train --preset d2l-gru --epochs 1 --quiet | tail -n +2 | cut -c 1-15
time traveller 
traveller      
$ recur train --preset d2l-gru --epochs 2 --quiet --log log > out; grep -o '"valid_loss": [a-z]*' log; grep -o '"lr": [0-9.]*' log
"valid_loss": null
"valid_loss": null
"lr": 1.0
"lr": 1.0

# Options override a preset's, wherever they stand.
$ recur train --hidden 8 --preset d2l-deep-lstm --epochs 1 --quiet --predict x | tail -n +2 | cut -c 1; recur info | head -1
x
model.safetensors: lstm 8,8, one-hot input, 2044 parameters
$ recur train --preset d2l-deep-lstm --layers 3 --hidden 4 --cell rnn --activation relu --epochs 1 --quiet > out; recur info | head -1
model.safetensors: rnn relu 4,4,4, one-hot input, 356 parameters
$ recur train --preset d2l-deep-lstm --hidden 4,5,6 --epochs 1 --quiet > out; recur info | head -1
model.safetensors: lstm 4,5,6, one-hot input, 1272 parameters
$ recur train --preset d2l-lstm --hidden 4 --epochs 1 --validation 0.2 --quiet --log log > out; grep -c '"valid_loss": [0-9]' log
1
$ echo 'some text of the user, long enough' > own.txt; recur train --preset d2l-gru --hidden 4 --batch 2 --steps 5 --epochs 1 --quiet own.txt > out; recur info --json | grep -o '"vocabulary": [0-9]*'
"vocabulary": 15
"vocabulary": 
$ recur train time_machine --hidden 4 --epochs 1 --max-tokens 5000 --quiet > out; recur info --json | grep -o '"vocabulary": [0-9]*'
"vocabulary": 71
"vocabulary": 
