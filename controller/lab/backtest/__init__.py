"""The backtest: months of evidence against a policy, beside naive policies.

It tells what the policy would have done, and what naive ones would have done with the same evidence.
```
 events ─> lines (a verdict over time for each signal) ─> leaves ─> conditions ─> moves, one after the other
           all of it as steps: values that change at moments, so a year costs as much as its changes
```
"""
