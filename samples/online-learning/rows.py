#!/usr/bin/env python3
"""Prints rows of clicks, one JSON object a line: rows.py <count> <seed>. Phones click in the evening, cheap offers always."""
import json
import random
import sys

count, seed = int(sys.argv[1]), int(sys.argv[2])
draw = random.Random(seed)
for _ in range(count):
    hour, price, device = draw.randrange(24), round(draw.uniform(1, 30), 2), draw.choice(["phone", "desktop", "tablet"])
    score = 1.5 - 0.15 * price + (1.2 if device == "phone" else 0) + 0.06 * (hour - 12)
    print(json.dumps({"hour": hour, "price": price, "device": device, "label": "yes" if draw.gauss(score, 1) > 0 else "no"}))
