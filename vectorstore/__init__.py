"""Past calls as vectors in Chroma: a cache over the library that can be thrown away and built again."""
