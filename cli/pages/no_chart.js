/* In the place of Chart.js, where libjs-chart.js was not there when recur was built. */
"use strict";
