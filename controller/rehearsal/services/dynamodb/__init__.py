"""A DynamoDB of exactly what tidegate uses: conditions, updates, query, strong reads.

```
 api.Tables ── admin (tables, TTL) ── writes ── reads          one object a Region
      │            expressions: tokens -> tree -> evaluate | update | key range
      └── store.Store: memory (simulation) | sqlite (a rehearsal that survives a restart)
```

A strongly consistent global table is one store given to each replica's Region.
"""
