"""Exports of a CRM -> outcomes of calls, by the rules of docs/library.md."""
