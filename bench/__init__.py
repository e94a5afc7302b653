"""The numbers of Hotline, measured next to the stock Rasa server: `make bench`."""
