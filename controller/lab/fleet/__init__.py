"""The model of a fleet of which one Region goes dark at once.

It tells where the fleet queues, which applications move first, and how long it takes until the last has
moved.
```
 signals ─> EventBridge ─> one queue an application ─> Observe ─> StartExecution ─> steps ─> ARC cluster
            a second        5 at once, +300 a minute   1,000 at once  800, +150/s  800/s   3/s an endpoint
```
The last stage is no model: the adapter of a deployment against the rehearsal's ARC, on the same clock.
"""
