"""How logits are computed: one module a runtime."""
