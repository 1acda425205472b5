"""Parts of the data panel: what is to be fetched, how far it is, what is covered as a picture."""
