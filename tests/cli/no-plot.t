# A build without cairo draws SVG alone and says so.
# needs: ! recur --version | grep -q cairo

$ recur train --plot curve.png
! recur train: --plot: this build has no cairo, so it draws .svg alone
[2]
