"""Metrics of the past to the alarm events that CloudWatch would have sent."""
