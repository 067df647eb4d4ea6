# A run that goes on where its checkpoint stands ends as one that was left alone.

$ $EXAMPLES/resume_run run model losses 1; sed -E 's/ [0-9.]+/ N/' losses
0 of 1 epochs are done
1 N
$ $EXAMPLES/resume_run run model losses 2; $EXAMPLES/resume_run other alone other-losses 2; cmp model alone; cmp losses other-losses
1 of 2 epochs are done
0 of 2 epochs are done
$ $EXAMPLES/resume_run run model losses 1
! resume_run: the run is in epoch 2 already, it cannot end with epoch 1
[1]
$ $EXAMPLES/resume_run model alone losses 2
! resume_run: model: not a checkpoint: there is no run in it to resume, as it has no recur.training
[1]
$ ln -s run link; $EXAMPLES/resume_run run link losses
! resume_run: two of the three are one file
[2]
