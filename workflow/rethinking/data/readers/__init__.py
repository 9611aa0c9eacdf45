"""The data sets, one module each: `read(files) -> LoadedDataset` from the downloaded files by name."""
