"""The replay: raw events of the past, through the real workflow file and handlers.

It runs in virtual time.
"""
