"""One Region goes dark for a whole fleet at once: where it queues, who goes first, how long until the last.

```
 signals ─> EventBridge ─> one queue an application ─> Observe ─> StartExecution ─> steps ─> ARC cluster
            a second        5 at once, +300 a minute   1,000 at once  800, +150/s  800/s   3/s an endpoint
```
The last stage is no model: the adapter of a deployment against the rehearsal's ARC, on the same clock.
"""
