"""Scorecards: which criteria of a playbook, such as MEDDICC, a call meets, each with the turn that shows it."""
