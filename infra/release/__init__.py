"""A release: plain templates and zips, for those who deploy without the CDK."""
