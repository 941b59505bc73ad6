"""The approver's console, behind an API Gateway HTTP API and on loopback.

One set of handlers serves both.

```
 http.api_gateway (payload v2) ─┐                  ┌─ auth.sign_in ─ auth.identity_provider ─> the issuer
 http.wsgi (loopback) ──────────┴─> Request ─> app ┼─ overview, incident, history, policy, health: only look
                                    Response <─────└─ approve: the one act, by steps.operator.approve
 a trace ─ archive: the same pages over a run that is over, and nothing to do
```
"""
