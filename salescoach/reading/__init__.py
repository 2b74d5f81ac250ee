"""What users give -> calls: transcripts of any usual format, and tables of labelled calls."""
