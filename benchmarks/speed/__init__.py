"""nlpkit and its peers side by side: `python benchmarks/speed --help`."""
