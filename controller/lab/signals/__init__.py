"""The alarm events that CloudWatch would have sent, from metrics of the past."""
