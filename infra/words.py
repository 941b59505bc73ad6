"""Words that two modules agree on, without either importing what is heavy."""

FINDING = "cdk-nag: "
