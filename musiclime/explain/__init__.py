"""Explanations: what can be muted, the masks, the model's answers, and the additive model fitted to them."""
