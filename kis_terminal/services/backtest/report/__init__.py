"""What leaves the program of a run: an HTML page, CSV files, a workbook, the JSON of the command."""
