"""Scans lists of barcodes in through the Ex Libris Alma API."""

__version__ = "0.1.0"
