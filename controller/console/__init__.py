"""The approver's console: one set of handlers, behind an API Gateway HTTP API and on loopback.

```
 gateway (payload v2) ─┐                         ┌─ sign_in ─ issuer ─> the identity provider
 wsgi (loopback) ──────┴─> Request ─> app ─ page ┼─ now, incident, history, policy, health: they only look
                           Response <────────────└─ approve: the one act, by steps.operator.approve
 a trace ─ traced ─ archive: the same pages over a run that is over, and nothing to do
```
"""
