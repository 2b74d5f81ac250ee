"""The conversation: a LangGraph graph that calls tools, words what they found, and lets nothing unverified out."""
