"""AWS's wire protocols, read and written from botocore's own service models.

```
 request ─> scope: service, Region ─> dialect (JSON 1.x | RPC v2 CBOR | Query | REST) ─> shapes: members
 answer  <─────────────────────────────────────────────────────────────────── the same dialect
```

Inside, members have one form: timestamps are seconds since 1970, blobs are bytes, all else as in JSON.
"""
