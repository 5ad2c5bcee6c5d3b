#!/usr/bin/env python3
"""Prints a pipeline of interactions: users of a made-up shop, each with a taste for two of eight kinds of goods.

usage: pipeline.py [trainer] [users] [seed]     trainer: als, bpr, ease, item_knn or popularity
"""
import json
import random
import sys

trainer = sys.argv[1] if len(sys.argv) > 1 else "ease"
users = int(sys.argv[2]) if len(sys.argv) > 2 else 400
rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)

KINDS = ["tea", "book", "lamp", "shoe", "bike", "game", "plant", "tool"]
GOODS = {kind: [f"{kind}-{i}" for i in range(1, 26)] for kind in KINDS}
WEIGHTS = [1 / i for i in range(1, 26)]  # few goods are popular, many are not

rows = {"user": [], "item": [], "bought": [], "event_timestamp": []}
for user in range(users):
    tastes = rng.sample(KINDS, 2)
    bought = {}
    while len(bought) < 16:
        kind = rng.choice(tastes) if rng.random() < 0.85 else rng.choice(KINDS)
        bought[rng.choices(GOODS[kind], WEIGHTS)[0]] = None
    for minute, item in enumerate(bought):
        rows["user"].append(f"u{user:04}")
        rows["item"].append(item)
        rows["bought"].append("1")
        rows["event_timestamp"].append(f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00Z")

print(json.dumps({
    "source": {"table": {"rows": rows, "label_column": "bought", "event_timestamp_column": "event_timestamp", "entity_columns": ["user", "item"]}},
    "split": {"kind": "per_user", "order": "hash", "test_share": 0.25, "seed": 1},
    "trainer": {"kind": trainer, "task": "recommendation", "seed": 1},
    "gate": {"thresholds": [{"metric": "ndcg", "min": 0.05}], "champion": {"level": 0.05}},
    "register": {"model": "shop", "alias": "champion"},
}))
