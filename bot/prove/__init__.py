"""`accord prove`: shows on the user's own machine what the bot holds under faults, and how many really struck.

A proof is a function (seed, amount, tally): it works through so much of its row, counts in the tally every fault that
really struck, and raises Broken at the first finding. `rows` lists them all, `running` spreads them over the cores,
`page` writes down what came of it. A finding ends with the one command that shows it again.

The rows go by the numbers of the threat and fault model: R1 to R20.
"""
