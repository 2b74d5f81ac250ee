"""The kernel: types, transcripts, encoder, scorer and call library that everything else stands on."""
