"""Markets abroad: names, hours, prices, and the calls and streams about them."""
