"""The data sets, one module each: `read(files) -> Source` from the downloaded files by name."""
