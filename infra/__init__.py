"""The deployment as CDK stacks. `python -m infra` writes their templates; nothing in `controller` imports
this."""
