"""Who answers: a policy in Rego, by regopy in a process of its own or by an OPA server."""
