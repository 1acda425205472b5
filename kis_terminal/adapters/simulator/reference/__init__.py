"""What is reckoned on demand beside the order books: indices, investors, member firms, incidents, news."""
