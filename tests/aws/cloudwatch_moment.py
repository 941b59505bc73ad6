"""The moment and the client settings of the tests that ask CloudWatch."""

from botocore.config import Config

T0 = 1_893_484_800.0
ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, connect_timeout=1, read_timeout=1)
