"""Judgements: many songs together, planted evidence, interactions, counterfactuals."""
