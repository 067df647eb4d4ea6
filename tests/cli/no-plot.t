# A build without cairo says so.
# needs: ! recur --version | grep -q cairo

$ recur train --plot curve.svg
! recur train: --plot: this build has no cairo, so it cannot draw
[2]
