"""A DynamoDB with the parts that tidegate uses: conditions, updates, query, strong reads.

```
 api.Tables ── admin (tables, TTL) ── writes ── transactions ── reads ── backups        one object a Region
      │            expressions: tokens -> tree -> conditions | updates | key range
      └── store.Store: memory_store (simulation) | sqlite_store (a rehearsal that survives a restart)
```

A strongly consistent global table is one store given to each replica's Region.
"""
